/* commands.h: what main() runs. Each returns the exit status of the process. */
#ifndef CLEAVE_HOST_COMMANDS_H
#define CLEAVE_HOST_COMMANDS_H

#include "host/log.h"
#include "host/options.h"

#define EXIT_DONE  0
#define EXIT_TRACK 1 /* at least one track or file failed */
#define EXIT_USAGE 2 /* the command line asks for what does not exist */
/* and INTERRUPT_EXIT_CODE of interrupt.h */

int separate_run(const cli_options *options, logger *log);
int process_run(const cli_options *options, logger *log);
int probe_run(const cli_options *options, logger *log);
int compare_run(const cli_options *options, logger *log);
int analyze_run(const cli_options *options, logger *log);
int info_run(const cli_options *options);
int models_run(const cli_options *options);
int help_run(const cli_options *options);
int version_run(void);

#endif
