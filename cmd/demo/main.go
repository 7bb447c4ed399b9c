// Command demo runs railgate in one process: an in-process Kafka-compatible broker, SQLite,
// an issuer and the gateways of two stations. It acts as passengers, staff, a ticketing system,
// gates and a handheld over real HTTP, checks every answer, and exits with 1 if one differs from
// the expected answer.
//
// With -serve it then continues to run on fixed ports, serves the pages of passengers, clerks and
// handhelds, shows a code that changes every 60 s, and writes a target file for the load test.
//
// Its data is not durable, its face check is a sandbox, and it announces a key with which the
// load test can sign: it is for trying out, not for gates.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/staff"
)

func main() {
	process.Main("railgate-demo", func(ctx context.Context, args []string) error { return run(ctx, args, os.Stdout) })
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "Runs issuer, two gateways, broker and database in one process, acts as passengers,\nstaff and gates, and checks every answer.\n\n"+
			"  go run ./cmd/demo            a scripted run; exit code 0 if every answer is as expected\n"+
			"  go run ./cmd/demo -serve     then continue to run: three pages, curl commands, a QR code, a target for the load test\n\n")
		flags.PrintDefaults()
	}
	serve := flags.Bool("serve", false, "after the scripted run, continue to run until interrupted")
	quick := flags.Bool("no-story", false, "with -serve: skip the scripted run")
	at := addresses{roles: anywhere.roles}
	flags.StringVar(&at.gateway, "gateway", "127.0.0.1:8080", "with -serve: `address` of the gateway")
	flags.StringVar(&at.gatewayAdmin, "gateway-admin", "127.0.0.1:9080", "with -serve: `address` of the gateway's metrics")
	flags.StringVar(&at.issuer, "issuer", "127.0.0.1:8081", "with -serve: `address` of the issuer")
	flags.StringVar(&at.issuerAdmin, "issuer-admin", "127.0.0.1:9081", "with -serve: `address` of the issuer's metrics")
	flags.StringVar(&at.handheld, "handheld", "127.0.0.1:8082", "with -serve: `address` of the handheld's page, with the gateway below /v1/")
	flags.StringVar(&at.lan, "lan", "", "with -serve: serve the pages on this `address` of the machine too, with a self-signed certificate, for phones on its network; auto finds one")
	flags.StringVar(&at.folder, "pages", "", "with -serve: serve the pages of this `folder` (web) and read it again at each visit, for work on the pages")
	flags.Func("staff-roles", "with -serve: `ROLE,...` of the staff credential (default window,police)", func(text string) error {
		at.roles = nil
		for name := range strings.SplitSeq(text, ",") {
			at.roles = append(at.roles, staff.Role(name))
		}
		return nil
	})
	flags.BoolVar(&at.offlineGate, "offline-gate", false, "with -serve: allow the gate's credential to send batches of offline scans (POST /v1/checks)")
	verbose := flags.Bool("v", false, "write the logs of all parts, as JSON, to standard error")
	flags.Bool("version", false, "print the version and exit") // process.Main handles it; this is for -h
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; -h lists the flags", flags.Arg(0))
	}
	log := zap.NewNop()
	if *verbose {
		l, err := process.Logger("info")
		if err != nil {
			return err
		}
		log = l
	}
	if !*serve || !*quick {
		if err := playStory(out, log); err != nil {
			return err
		}
	}
	if !*serve {
		return nil
	}
	return stayUp(ctx, at, out, log)
}

// playStory runs the script on a system of its own: it moves the clock by a day, and a system that
// continues to run must use real time.
func playStory(out io.Writer, log *zap.Logger) error {
	h, err := openSystem(anywhere, log)
	if err != nil {
		return err
	}
	s := &story{system: h, report: report{out: out, colour: terminal(out)}}
	fmt.Fprintf(out, "railgate demo: in-process broker, SQLite, issuer at %s, gateways at %s and %s\n"+
		"Invented passengers, staff and gates use them over HTTP; face checks are simulated.\n"+
		"Instead of waiting, the demo moves its clock. Each line ends with the answer and its time.\n", h.issuer, h.beijing.url, h.shanghai.url)
	err = s.play()
	if e := h.close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("the demo did not finish: %w", err)
	}
	fmt.Fprintf(out, "\n%d steps, %d with an unexpected answer\n", s.steps, s.wrong)
	if s.wrong > 0 {
		return fmt.Errorf("%d of %d steps had an unexpected answer", s.wrong, s.steps)
	}
	return nil
}

// terminal reports whether out is a terminal that can show colours and QR codes.
func terminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
