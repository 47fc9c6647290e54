import { defineSearchAttributeKey } from '@temporalio/common'

/** Set at the start by the API, except the status, which the workflow keeps. Registered by every set-up. */
export const RELEASE_STATUS = defineSearchAttributeKey('ReleaseStatus', 'KEYWORD')
