/** Where secret values live. Only activities call it; what it returns goes nowhere but into the call that needs it. */
export interface SecretPort {
  /** @param reference what follows the scheme: `NAME` of `env:NAME`. @throws SECRET_MISSING naming the reference, never a value */
  resolve(reference: string, context: { tenant: string; releaseId: string }): Promise<string>
}
