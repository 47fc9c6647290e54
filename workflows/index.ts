export { environmentWorkflow } from './environment.js'
export { releaseWorkflow } from './release.js'
export { rollbackWorkflow } from './rollback.js'
export { previewWorkflow } from './preview.js'
