import { dockerWorld } from './containers-world.js'
import { containerContract } from './containers.js'

containerContract('Docker', () => dockerWorld(async (folder) => ({ host: `unix://${folder}/docker/docker.sock` })))
