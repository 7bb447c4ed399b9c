// Command demo is railgate in one process: an in-process Kafka-compatible
// broker, SQLite, issuer and gateway. It plays a passenger and a gate over real
// HTTP, checks every answer and exits with 1 if one is not as it must be.
//
// With -serve it then stays up on fixed ports, shows a code that renews every
// 60 s, and tells the load test where it is.
//
// Nothing it makes is durable, its face check is a sandbox, and it announces a
// key that the load test can sign with: it is for trying out, not for gates.
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
		fmt.Fprint(flags.Output(), "Plays railgate's main job in one process and checks every answer.\n\n"+
			"  go run ./cmd/demo            the story; exit code 0 if all is as it must be\n"+
			"  go run ./cmd/demo -serve     then stay up: URLs, curl lines, a QR code, a target for the load test\n\n")
		flags.PrintDefaults()
	}
	serve := flags.Bool("serve", false, "after the story stay up until interrupted")
	quick := flags.Bool("no-story", false, "with -serve: leave the story out")
	at := addresses{roles: anywhere.roles}
	flags.StringVar(&at.gateway, "gateway", "127.0.0.1:8080", "with -serve: `address` of the gateway")
	flags.StringVar(&at.gatewayAdmin, "gateway-admin", "127.0.0.1:9080", "with -serve: `address` of the gateway's metrics")
	flags.StringVar(&at.issuer, "issuer", "127.0.0.1:8081", "with -serve: `address` of the issuer")
	flags.StringVar(&at.issuerAdmin, "issuer-admin", "127.0.0.1:9081", "with -serve: `address` of the issuer's metrics")
	flags.Func("staff-roles", "with -serve: `ROLE,...` of the staff credential (default window,police)", func(text string) error {
		at.roles = nil
		for name := range strings.SplitSeq(text, ",") {
			at.roles = append(at.roles, staff.Role(name))
		}
		return nil
	})
	flags.BoolVar(&at.offlineGate, "offline-gate", false, "with -serve: let the gate's credential send batches of offline scans (POST /v1/checks)")
	verbose := flags.Bool("v", false, "log what the parts say, as JSON on standard error")
	flags.Bool("version", false, "print the version and exit") // process.Main answers it; here it is for -h
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
		if err := tell(out, log); err != nil {
			return err
		}
	}
	if !*serve {
		return nil
	}
	return stayUp(ctx, at, out, log)
}

// tell plays the story in a system of its own: it moves the clock by a day, and
// what stays up afterwards must run in real time.
func tell(out io.Writer, log *zap.Logger) error {
	h, err := open(anywhere, log)
	if err != nil {
		return err
	}
	s := &story{system: h, report: report{out: out, colour: terminal(out)}}
	fmt.Fprintf(out, "railgate demo: in-process broker, SQLite, issuer on %s, gateway on %s\n"+
		"The face check is a sandbox; the people and their numbers are made up.\n", h.issuer, h.gateway)
	err = s.play()
	if e := h.close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("the story broke off: %w", err)
	}
	fmt.Fprintf(out, "\n%d steps, %d not as they must be\n", s.lines, s.wrong)
	if s.wrong > 0 {
		return fmt.Errorf("%d of %d steps were not as they must be", s.wrong, s.lines)
	}
	return nil
}

// terminal reports whether out is a screen that colours and pictures suit.
func terminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
