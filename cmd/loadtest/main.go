// Command loadtest loads a gateway with codes whose right verdicts it knows, compares
// every answer, and reports latency from the time each check was due. Without flags it
// uses a running demo on this machine:
//
//	go run ./cmd/demo -serve
//	go run ./cmd/loadtest
//
// It reads one file, the target (see -h), and writes the files named with -json and
// -svg. Progress goes to stderr, the report to stdout. SIGINT or SIGTERM ends the run
// early with a report of the time until then; a second signal ends the program. With
// -new-key it makes the key and the target file for a deployed system and exits.
//
// Exit codes: 0 every arrival was sent and answered right; 1 a wrong verdict, an error,
// unmet supply, or no run at all; 2 wrong flags; 3 no wrong verdict and no error, but
// the load generator limited the run, which then has no latencies; 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/test/tool"
)

// Results of a run that the report has already explained.
var (
	errNotClean    = errors.New("not clean")
	errInvalid     = errors.New("invalid")
	errInterrupted = errors.New("interrupted")
)

func main() {
	if process.VersionRequested(os.Args[1:]) {
		fmt.Println(process.VersionLine("railgate-loadtest"))
		return
	}
	os.Exit(exitCode(run(tool.Context(), os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

func exitCode(err error, stderr io.Writer) int {
	switch {
	case errors.Is(err, errNotClean):
		return 1
	case errors.Is(err, errInvalid):
		return 3
	case errors.Is(err, errInterrupted):
		return 130
	}
	return tool.ExitCode("loadtest", err, stderr)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	if o.newKey != "" {
		return newKey(o, stdout)
	}
	// Before the run, so that a wrong path does not waste a long measurement.
	files, err := o.create()
	if err != nil {
		return err
	}
	result, err := loadtest.Run(ctx, o.config, stderr)
	if err != nil {
		files.remove()
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	if err := errors.Join(files.write(result), result.WriteText(stdout)); err != nil {
		return err
	}
	switch {
	case result.Interrupted:
		return errInterrupted
	case result.Wrong+result.Errors > 0:
		return errNotClean
	case len(result.Invalid) > 0: // before unmet supply, which a limited generator causes
		return errInvalid
	case !result.Clean():
		return errNotClean
	}
	return nil
}

// keyMargin exceeds the time by which the load test, or an attacker with its key, may
// backdate a session, so the cutoff covers all sessions.
const keyMargin = time.Hour

// newKey makes a load key for a deployed system.
func newKey(o *options, stdout io.Writer) error {
	key, err := loadtest.NewTarget(o.newKey, o.config.Target)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, `%s is written with mode 0600: it contains the key that signs the passes of the load test.
Replace the placeholders in it: URLs, a device credential and, for revoked codes, a staff credential.

Add this entry to the settings of every issuer of the system to be loaded, and of no other system. The key
can make passes that the system's gates allow:

%s
After the load test remove the entry, restart the issuers and distrust the key at every gateway:
  railgate-issuer -config issuer.toml -by NAME -distrust-key %d -at %s
`, o.newKey, key.Announcement(), key.ID, time.Now().Add(-keyMargin).UTC().Format(time.RFC3339))
	return err
}

// files are the requested reports.
type files []file

type file struct {
	*os.File
	write func(*loadtest.Result, io.Writer) error
}

func (o *options) create() (files, error) {
	var all files
	for _, f := range []struct {
		path  string
		write func(*loadtest.Result, io.Writer) error
	}{{o.json, (*loadtest.Result).WriteJSON}, {o.svg, (*loadtest.Result).WriteSVG}} {
		if f.path == "" {
			continue
		}
		opened, err := os.Create(f.path)
		if err != nil {
			all.remove()
			return nil, err
		}
		all = append(all, file{opened, f.write})
	}
	return all, nil
}

func (all files) write(r *loadtest.Result) error {
	var errs []error
	for _, f := range all {
		errs = append(errs, f.write(r, f.File), f.Close())
	}
	return errors.Join(errs...)
}

// remove deletes the files if there was no run.
func (all files) remove() {
	for _, f := range all {
		f.Close()
		os.Remove(f.Name())
	}
}
