/* main.c: the command `cleave`. */
#include "host/bench.h"
#include "host/commands.h"
#include "host/json.h"
#include "host/log.h"
#include "host/model.h"
#include "host/options.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

static int run_command(const cli_options *options, logger *log)
{
    if ((options->json || options->records_s > 0) && json_backend() == NULL) {
        log_error(log, "%s needs the library jansson, which this build is without",
                  options->json ? "--json" : "--records");
        return EXIT_USAGE;
    }
    switch (options->command) {
    case COMMAND_SEPARATE:
        return separate_run(options, log);
    case COMMAND_PROCESS:
        return process_run(options, log);
    case COMMAND_PROBE:
        return probe_run(options, log);
    case COMMAND_COMPARE:
        return compare_run(options, log);
    case COMMAND_ANALYZE:
        return analyze_run(options, log);
    case COMMAND_INFO:
        return info_run(options);
    case COMMAND_MODELS:
        return models_run(options);
    case COMMAND_VERSION:
        return version_run();
    default:
        return help_run(options);
    }
}

/* A standard stream that the caller closed is held by /dev/null, opened for the other direction: to
 * use it is an error as before, and no stem gets its number and with that the sentences. */
static int hold_standard_streams(void)
{
    for (int file = 0; file <= 2; file++) {
        if (fcntl(file, F_GETFD) < 0 &&
            open("/dev/null", file == 0 ? O_WRONLY : O_RDONLY) != file) {
            return -1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    cli_options options;
    logger log;
    char message[OPTIONS_MESSAGE_BYTES];
    if (hold_standard_streams() != 0) {
        return EXIT_TRACK;
    }
    /* A reader that went away is an error of writing, told like any other. */
    signal(SIGPIPE, SIG_IGN);
    if (model_wanted(argc, argv)) {
        return model_run(argc, argv);
    }
    if (bench_wanted(argc, argv)) {
        return bench_run(argc, argv);
    }
    int status = EXIT_USAGE;
    int parsed = options_parse(&options, argc, argv, message) == 0;
    log_init(&log, stderr, options.quiet ? LOG_QUIET : options.verbose ? LOG_VERBOSE : LOG_NORMAL);
    if (parsed) {
        status = run_command(&options, &log);
    } else {
        log_error(&log, "%s", message);
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_DONE) {
        log_error(&log, "standard output: cannot be written");
        status = EXIT_TRACK;
    }
    options_free(&options);
    log_destroy(&log);
    return status;
}
