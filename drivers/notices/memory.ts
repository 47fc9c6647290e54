import type { Notice, NoticeChannel, NoticePort } from './port.js'

/** Notices for tests: everything sent, in order. `fault` makes a channel fail. */
export class MemoryNotices implements NoticePort {
  readonly sent: { channel: NoticeChannel; notice: Notice }[] = []
  fault: (channel: NoticeChannel) => Error | null = () => null

  async send(channel: NoticeChannel, notice: Notice): Promise<void> {
    const fault = this.fault(channel)
    if (fault) throw fault
    this.sent.push({ channel, notice })
  }
}
