/** Of a release in the API. */
export const releasePath = (releaseId: string, rest = ''): string => `/releases/${encodeURIComponent(releaseId)}${rest}`
