import { Command } from 'commander'
import { addAgentCommand } from './commands/agent.js'
import { addApprovalCommands } from './commands/approvals.js'
import { addAuditCommand } from './commands/audit.js'
import { addControlCommands } from './commands/controls.js'
import { addDoctorCommand } from './commands/doctor.js'
import { addEnvironmentsCommands } from './commands/environments.js'
import { addInitCommand } from './commands/init.js'
import { addKindsCommands } from './commands/kinds.js'
import { addListCommand } from './commands/list.js'
import { addLocalPlanCommands } from './commands/local-plan.js'
import { addLogsCommand } from './commands/logs.js'
import { addPlansCommands } from './commands/plans.js'
import { addPluginsCommands } from './commands/plugins.js'
import { addReportCommand } from './commands/report.js'
import { addProjectsCommands } from './commands/projects.js'
import { addRunCommand } from './commands/run.js'
import { addSchemaCommand } from './commands/schema.js'
import { addServerCommand } from './commands/server.js'
import { addTargetsCommands } from './commands/targets.js'
import { addTokensCommands } from './commands/tokens.js'
import { addVersionCommand } from './commands/version.js'
import { addWatchCommands } from './commands/watch.js'
import { EXIT_HELP } from './exit-codes.js'

/** The whole command line. */
export function buildProgram(): Command {
  const program = new Command('releasectl')
    .description('One YAML plan, one durable release: verify, wait, shift traffic, judge, take back.')
    .option('--config <file>', 'settings: url, token, tokenFile, tenant, output (default: ~/.releasectl.yaml)')
    .option('--url <url>', 'of the API (default: the server running in this folder or above)')
    .option('--token-file <file>', 'holds the token; or RELEASECTL_TOKEN')
    .option('--tenant <slug>', 'whose releases')
    .option('-o, --output <format>', 'table, json or yaml')
    .option('-v, --verbose', 'show requests')
    .option('--debug', 'show requests with their answers (never tokens), and where an error comes from')
    .addHelpText('after', `\nEvery option can be a variable: RELEASECTL_URL, RELEASECTL_TOKEN, RELEASECTL_TENANT, RELEASECTL_OUTPUT.\n${EXIT_HELP}`)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${text.trimEnd()}\n  see: releasectl --help\n`) })
  program.helpCommand(true)
  program.commandsGroup('Plans:')
  addInitCommand(program); addLocalPlanCommands(program); addPlansCommands(program); addKindsCommands(program); addSchemaCommand(program)
  program.commandsGroup('Releases:')
  addRunCommand(program); addWatchCommands(program); addListCommand(program); addLogsCommand(program); addReportCommand(program)
  program.commandsGroup('Steering:')
  addApprovalCommands(program); addControlCommands(program)
  program.commandsGroup('Places:')
  addProjectsCommands(program); addEnvironmentsCommands(program); addTargetsCommands(program)
  program.commandsGroup('Installation:')
  addServerCommand(program); addAgentCommand(program); addDoctorCommand(program); addPluginsCommands(program); addTokensCommands(program); addAuditCommand(program); addVersionCommand(program)
  for (const command of allCommands(program)) command.exitOverride().copyInheritedSettings(program)
  return program
}

const allCommands = (command: Command): Command[] => command.commands.flatMap((sub) => [sub, ...allCommands(sub)])
