/** A way to tell people something. Contract: test/contract/notices.ts. */
export interface NoticePort {
  /** @throws TARGET_UNREACHABLE when it did not answer, TARGET_REFUSED when it said no */
  send(channel: NoticeChannel, notice: Notice): Promise<void>
}
export interface Notice { subject: string; text: string; recipients: string[]; /** The same notice sent twice carries the same key. */ key: string; data: Record<string, unknown> }
/** `url` and `password` may be secrets; they are resolved before the driver sees them and never logged. */
export type NoticeChannel =
  | { type: 'slack'; url: string }
  | { type: 'webhook'; url: string; headers: Record<string, string> }
  | { type: 'email'; host: string; port: number; secure: boolean; username: string | null; password: string | null; from: string }
