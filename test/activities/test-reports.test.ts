import { describe, expect, test } from 'vitest'
import { readJUnit } from '../../activities/test-reports/junit.js'
import { readTap } from '../../activities/test-reports/tap.js'
import { shellGlob, shellLine } from '../../activities/tools/shell.js'

describe('JUnit XML', () => {
  test('cases are counted in nested suites, with their names, times and reasons', () => {
    const results = readJUnit(`<?xml version="1.0"?><testsuites name="all"><testsuite name="a" tests="3" failures="1">
      <testcase classname="pay.Card" name="accepts &lt;visa&gt;" time="0.25"/>
      <testsuite name="inner"><testcase name="refuses" time="1,000.5"><failure message="expected &quot;no&quot;&#10;but it said yes" type="E">at line 3</failure></testcase></testsuite>
      <testcase name="later"><skipped/></testcase>
    </testsuite><testsuite name="b"><testcase classname="pay.Bank" name="breaks"><error>java.lang.Boom</error><system-out>x</system-out></testcase></testsuite></testsuites>`)
    expect(results).toEqual({
      passed: 1, failed: 2, skipped: 1, durationMs: 1_000_750, broken: [],
      failures: [{ name: 'refuses', message: 'expected "no"\nbut it said yes' }, { name: 'pay.Bank › breaks', message: 'java.lang.Boom' }],
    })
  })
  test('one suite without a frame, as Surefire writes it; a rerun that passed is no failure', () => {
    expect(readJUnit('<testsuite name="s"><testcase name="a"><flakyFailure message="once"/></testcase><testcase name="b"/></testsuite>')).toMatchObject({ passed: 2, failed: 0 })
  })
  test('a failure only the suite\'s own numbers know is not lost', () => {
    expect(readJUnit('<testsuites><testsuite name="collect" errors="2"><testcase name="a"/></testsuite></testsuites>')).toMatchObject({ passed: 1, failed: 2, failures: [{ name: 'collect', message: 'says of itself that 2 failed; 0 of them are listed' }] })
  })
  test('no entity is expanded, whatever the report declares', () => {
    const text = '<!DOCTYPE t [<!ENTITY big "aaaaaaaaaa"><!ENTITY more "&big;&big;">]><testsuite><testcase name="&more;"><failure message="&more;"/></testcase></testsuite>'
    expect(readJUnit(text).failures).toEqual([{ name: '&more;', message: '&more;' }])
  })
  test.each([['<testsuite><testcase name="a"', 'not whole XML'], ['<testsuite><testcase name="a">', 'not whole XML'], ['<html></html>', 'no testsuite'], ['', 'not whole XML']])('%s is no report', (text, why) => {
    expect(() => readJUnit(text)).toThrow(why)
  })
  test('a suite without a test has none', () => { expect(readJUnit('<testsuites/>')).toMatchObject({ passed: 0, failed: 0 }) })
})

describe('TAP', () => {
  test('version 14: plan first, subtests counted once, reasons and times from the blocks', () => {
    expect(readTap('TAP version 14\n1..4\n    1..2\n    ok 1 - inner\n    not ok 2 - inner\nnot ok 1 - card\n  ---\n  message: \'declined\'\n  duration_ms: 12.4\n  at:\n    ok 99\n  ...\nok 2 - bank\n  ---\n  duration_ms: 3\n  ...\nok 3 - cash # SKIP no till\nnot ok 4 - cheque # TODO one day\n')).toEqual({
      passed: 1, failed: 1, skipped: 2, durationMs: 15, broken: [], failures: [{ name: 'card', message: 'declined' }],
    })
  })
  test('version 13: plan last, no descriptions, escaped signs', () => {
    expect(readTap('ok\nnot ok 2 issue \\#7 # not a directive\nok 3 # TODO works already\n1..3\n')).toMatchObject({ passed: 2, failed: 1, skipped: 0, failures: [{ name: 'issue #7 # not a directive' }], broken: [] })
  })
  test('a plan that was not kept breaks the whole', () => { expect(readTap('1..3\nok 1\nok 2\n').broken).toEqual(['3 tests were planned, 2 ran']) })
  test('a bail out breaks the whole', () => { expect(readTap('1..3\nok 1\nBail out! no database\nok 2\n')).toMatchObject({ passed: 1, broken: ['Bail out! no database'] }) })
  test('without a plan nobody knows whether it was cut off', () => { expect(readTap('ok 1\n').broken).toHaveLength(1) })
  test('a plan of none is kept', () => { expect(readTap('1..0 # skip no browser\n')).toMatchObject({ passed: 0, broken: [] }) })
})

describe('shell words', () => {
  test('no text becomes code', () => { expect(shellLine(['echo', 'a b', '$(id)', 'it\'s', '', '--x=1'])).toBe('echo \'a b\' \'$(id)\' \'it\'\\\'\'s\' \'\' --x=1') })
  test('in a pattern only *, ? and [ ] mean anything', () => { expect(['./r/*.xml', '-rf', '/a b/$(id);?', 'x[0-9]'].map(shellGlob)).toEqual(['./r/*.xml', './-rf', '/a\\ b/\\$\\(id\\)\\;?', './x[0-9]']) })
})
