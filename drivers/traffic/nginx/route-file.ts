import { createHash } from 'node:crypto'
import type { Match, RouteSplit, Side, Sticky } from '../port.js'
import { stampIn, stampText } from './stamp.js'

/** What every name in a route's file begins with: `$releasectl_shop`, upstream `releasectl_shop_stable`. */
export const prefixOf = (route: string): string => `releasectl_${route.toLowerCase().replace(/[^a-z0-9]/gu, '_')}`
/** The host by which nginx is asked what it has in force for a route. */
export const checkHost = (route: string): string => `${prefixOf(route)}.invalid`

/**
 * The whole file of a route, for the http block: it sets `$releasectl_<route>`, which the site hands to proxy_pass, `…_cookie` and
 * `…_copy`; and it answers at the check address. Its revision is a digest of all the rest, so that an edit by hand shows.
 * @param blocks upstream blocks of sides that stay, as they are in the file now
 */
export function routeFile(route: string, split: RouteSplit, check: string, blocks: (side: Side) => string | null): string {
  const bare = render(route, split, check, blocks, '')
  return render(route, split, check, blocks, stampText({ route, revision: digest(bare, split), split }))
}

/** Is the file as it was written, to the byte? */
export function isUntouched(text: string): boolean {
  const stamp = stampIn(text)
  return stamp !== null && stamp.revision === digest(text.replace(stampText(stamp), ''), stamp.split)
}

const digest = (bare: string, split: RouteSplit): string => createHash('sha256').update(bare).update(JSON.stringify(split)).digest('hex').slice(0, 16)

function render(route: string, split: RouteSplit, check: string, blocks: (side: Side) => string | null, stamp: string): string {
  const name = prefixOf(route)
  const sides = Object.entries({ stable: split.stable, candidate: split.candidate }).flatMap(([place, side]) => side ? [{ place, side }] : [])
  return `${[
    `# Route ${route}, written by releasectl. What is changed here by hand is seen as drift, and overwritten by the next release.`,
    // Node's servers close a connection after 5 s without a request: earlier here, so that no request meets one that just closed.
    ...sides.map(({ place, side }) => `upstream ${name}_${place} {${blocks(side) ?? `\n  server ${addressOf(side)};\n  keepalive 16;\n  keepalive_timeout 4s;\n`}}`),
    ...stickyKey(name, split.sticky),
    // A longer first part holds all keys of a shorter one: a session only ever moves towards the candidate.
    `split_clients "$${name}_key" $${name}_split {`, ...shares(split), '}',
    ...matches(name, split.candidate ? split.match ?? [] : []),
    `map $${name}_side $${name} {`, ...sides.map(({ place, side }) => `  ${place} ${new URL(side.url).protocol}//${name}_${place};`), '}',
    ...copies(name, split),
    'server {', `  listen ${check};`, `  server_name ${checkHost(route)};`, '  default_type text/plain;', `  return 200 "${stamp} $pid";`, '}',
  ].join('\n')}\n`
}

function shares({ stable, candidate, percent }: RouteSplit): string[] {
  if (!candidate || (stable && percent === 0)) return ['  * stable;']
  return stable && percent < 100 ? [`  ${percent.toFixed(2)}% candidate;`, '  * stable;'] : ['  * candidate;']
}

/** What a request is split by. Who has none of it is offered a cookie of ours, which wins: a session must not move when the application sets its own later. */
function stickyKey(name: string, sticky: Sticky | null): string[] {
  const none = `map "" $${name}_cookie { default ""; }`
  if (sticky === null) return [`map "" $${name}_key { default $request_id; }`, none]
  if (sticky.by === 'address') return [`map "" $${name}_key { default $remote_addr; }`, none]
  return [
    valueOf(`${name}_given`, { by: sticky.by, name: sticky.name ?? '' }),
    `map $cookie_${name} $${name}_known { default $cookie_${name}; "" $${name}_given; }`,
    `map $${name}_known $${name}_key { default $${name}_known; "" $request_id; }`,
    `map $${name}_known $${name}_cookie { default ""; "" "${name}=$request_id; Path=/; HttpOnly; SameSite=Lax"; }`,
  ]
}

function matches(name: string, rules: Match[]): string[] {
  if (rules.length === 0) return [`map "" $${name}_side { default $${name}_split; }`]
  return [
    ...rules.flatMap((rule, n) => [valueOf(`${name}_given${n}`, rule), `map $${name}_given${n} $${name}_match${n} { default ""; "~^${literal(rule.value)}$" 1; }`]),
    `map "${rules.map((_, n) => `$${name}_match${n}`).join('')}" $${name}_side { default candidate; "" $${name}_split; }`,
  ]
}

/** A header or cookie as a variable. nginx itself has none for a cookie whose name holds other than letters, digits and `_`. */
const valueOf = (variable: string, { by, name }: Omit<Match, 'value'>): string => by === 'header'
  ? `map "" $${variable} { default $http_${name.toLowerCase().replaceAll('-', '_')}; }`
  : `map $http_cookie $${variable} { default ""; "~(?:^|;\\s*)${literal(name)}=(?<${variable}_value>[^;]*)" $${variable}_value; }`

/** Where a copy of a request of the stable side goes; empty: nowhere. */
function copies(name: string, { stable, candidate, mirrorPercent = 0 }: RouteSplit): string[] {
  if (!stable || !candidate || mirrorPercent === 0) return [`map "" $${name}_copy { default ""; }`]
  return [
    `split_clients "copy$request_id" $${name}_chance {`, ...mirrorPercent < 100 ? [`  ${mirrorPercent.toFixed(2)}% 1;`, '  * "";'] : ['  * 1;'], '}',
    `map "$${name}_side$${name}_chance" $${name}_copy { default ""; stable1 ${new URL(candidate.url).protocol}//${name}_candidate; }`,
  ]
}

/** host:port of a side, as nginx writes it. */
export function addressOf({ url }: Side): string {
  const { host, protocol, port } = new URL(url)
  return port === '' ? `${host}:${protocol === 'https:' ? 443 : 80}` : host
}

/** A text as a regular expression that matches just it: the plain keys of a map do not tell upper from lower case. */
const literal = (text: string): string => [...Buffer.from(text)].map((byte) => /[A-Za-z0-9_]/u.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`).join('')
