import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A real bare repository and a working copy that pushes to it. */
export class GitRepository {
  readonly bare: string
  readonly #work: string
  constructor(bare = join(mkdtempSync(join(tmpdir(), 'releasectl-git-')), 'app.git')) {
    this.bare = bare
    this.#work = mkdtempSync(join(tmpdir(), 'releasectl-clone-'))
    git('.', 'init', '--quiet', '--bare', '--initial-branch=main', bare)
    git('.', 'init', '--quiet', '--initial-branch=main', this.#work)
    git(this.#work, 'remote', 'add', 'origin', bare)
  }

  /** Commit files to main and push them. @returns the commit */
  commit(message: string, files: Record<string, string>): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.#work, path)), { recursive: true })
      writeFileSync(join(this.#work, path), text)
    }
    return this.#push(message)
  }

  submodule(message: string, url: string, path: string): string {
    git(this.#work, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', url, path)
    return this.#push(message)
  }

  tag(name: string, commit: string): void {
    git(this.#work, 'tag', '--force', name, commit)
    git(this.#work, 'push', '--quiet', '--force', 'origin', `refs/tags/${name}`)
  }

  #push(message: string): string {
    git(this.#work, 'add', '--all')
    git(this.#work, 'commit', '--quiet', '--message', message)
    git(this.#work, 'push', '--quiet', 'origin', 'main')
    return git(this.#work, 'rev-parse', 'HEAD').trim()
  }
}

const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false', ...args], { cwd, encoding: 'utf8' })
