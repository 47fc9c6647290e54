/** The value of one cookie in a Cookie header, without taking the others apart. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
    const before = at === 0 ? ';' : header.charAt(at - 1)
    const after = at + name.length
    if ((before !== ';' && before !== ' ') || header.charAt(after) !== '=') continue
    const end = header.indexOf(';', after)
    return header.slice(after + 1, end === -1 ? undefined : end)
  }
  return undefined
}

/** The gateway's own cookie, for clients that lack the one a route is sticky by. */
export const affinityCookieName = (route: string): string => `releasectl_${encodeURIComponent(route)}`
/** No lifetime: it ends with the browser's session. */
export const affinityCookie = (name: string, value: string): string => `${name}=${value}; Path=/; HttpOnly; SameSite=Lax`
