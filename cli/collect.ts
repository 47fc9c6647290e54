/** For commander: an option that may be given several times. A variadic one would swallow the arguments after it. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value]
