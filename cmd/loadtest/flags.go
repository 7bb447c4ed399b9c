package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/test/tool"
	"github.com/railgate/railgate/tokens"
)

const help = `loadtest loads a gateway at a fixed rate and compares every verdict with the expected one.

  go run ./cmd/demo -serve        in one terminal: a gateway to load
  go run ./cmd/loadtest           in another: 5000 checks/s for 30 s

  go run ./cmd/loadtest -rate 20000 -connections 128 -duration 1m
  go run ./cmd/loadtest -mix fresh=100 -uniform          only passes new to the gateway
  go run ./cmd/loadtest -mix fresh=1,rescan=99           nearly only passes known to the gateway
  go run ./cmd/loadtest -mix fresh=50,rescan=40,reused=10  at gates with passback
  go run ./cmd/loadtest -json result.json -svg latency.svg

Kinds of a mix, and the expected answer to each:
  fresh     a pass not shown before in this run            allow ok
  rescan    a pass shown before, mostly recently           allow ok
  stale     two or more steps behind                       deny  code_stale
  tampered  one bit flipped in signature, link or anchor   deny  bad_signature, link_mismatch
  revoked   of a credential revoked through the issuer     deny  revoked
  reused    of a pass that passed before                   deny  already_used

reused needs a gateway with passback; with the mode flag the answer is allow,
flagged as used. Its codes are shown at the second device of the target file,
else at the same device over 12 s after the first time. With passback, which is
detected before the run, rescan expects already_used too, unless it is the same
code at the same device within 10 s. Every state, result and age of passback is
compared, and passes that passed twice are counted as double entries.

Arrivals do not wait for answers, and latency counts from the time a check was
due. Arrivals that could not be sent are reported as unmet supply. Only right
answers have a latency. Failures are counted by class: refused, reset, timed
out, connection, HTTP 503 and other statuses, wrong verdicts.

A run is invalid, and shows no latency, if this program limited it: if it sent
more than 1 % of the checks over 20ms late although a connection was free, if
this lateness is above 2ms and more than half of the latency (both p99), or if
it used more than 90 % of its processors. Then lower the rate, or give it more
processors or a machine of its own.

The target file is JSON, owned by you, with mode 0600:
  {"gateway":"http://127.0.0.1:8080","issuer":"http://127.0.0.1:8081",
   "device":"rgd_<64 hex>","staff":"rgs_<64 hex>","load_key":{"id":40001,"seed":"<64 hex>"}}
and optional for mixes with reused codes: "passback":"rgd_<64 hex>" of a device
with passback, in place of device; "second":"rgd_<64 hex>" of another device; and
"second_gateway":"http://127.0.0.1:8082" if that one is at another gateway.
load_key is an issuer key that is announced in test environments only; it signs
the passes. Use the file rather than the flags -device, -second, -staff and -load-key:
other users can see flags.

For a deployed test system:
  go run ./cmd/loadtest -new-key target.json -gateway URL -issuer URL
makes the key, writes the target file and prints the entry for the issuers'
settings. docs/operations.md, section 12, lists all steps.

Exit codes: 0 all checks sent and answered right; 1 wrong verdicts, errors, unmet
supply or no run; 2 wrong flags; 3 no wrong verdict and no error, but this program
limited the run; 130 interrupted (the report covers the time until then).

Flags:
`

// options are the parsed flags.
type options struct {
	config    loadtest.Config
	json, svg string
	newKey    string // the target file to write instead of a run
}

// defaultConfig is a variable so that tests can remove the limits: other tests use the
// same machine.
var defaultConfig = loadtest.DefaultConfig

// secret flags appear in no report.
var secret = map[string]bool{"device": true, "staff": true, "second": true, "load-key": true}

func parse(args []string, helpTo io.Writer) (*options, error) {
	o := &options{config: defaultConfig()}
	c := &o.config
	var file, gateway, issuer, device, staff, loadKey, second, secondGateway string
	mix, scope := c.Mix.String(), c.Scope.String()

	fs := flag.NewFlagSet("loadtest", flag.ContinueOnError)
	fs.SetOutput(io.Discard)                                // exitCode prints errors, once
	fs.Bool("version", false, "print the version and exit") // handled by main; listed here for -h
	fs.StringVar(&file, "target", "", "read the target from this `FILE` (default: that of a running demo, "+loadtest.DefaultTargetFile()+")")
	fs.StringVar(&gateway, "gateway", "", "`URL` of the gateway; overrides the target file")
	fs.StringVar(&issuer, "issuer", "", "`URL` of the issuer; overrides the target file")
	fs.StringVar(&device, "device", "", "device credential `rgd_…`; overrides the target file")
	fs.StringVar(&staff, "staff", "", "staff credential `rgs_…`; overrides the target file")
	fs.StringVar(&second, "second", "", "device credential `rgd_…` for reused codes; overrides the target file")
	fs.StringVar(&secondGateway, "second-gateway", "", "`URL` of the gateway of the second device, if it is another one; overrides the target file")
	fs.StringVar(&loadKey, "load-key", "", "load key `ID:SEED`; overrides the target file")
	fs.BoolVar(&c.AllowRemote, "allow-remote", false, "allow a target on another machine; use it only for a system that serves no one else")
	fs.Float64Var(&c.Rate, "rate", c.Rate, "arrivals per second")
	fs.BoolVar(&c.Uniform, "uniform", false, "evenly spaced arrivals (default: a Poisson process)")
	fs.DurationVar(&c.Duration, "duration", c.Duration, "length of the measured part")
	fs.DurationVar(&c.Warmup, "warmup", c.Warmup, "length of the warm-up, whose verdicts are compared and whose latencies are not counted")
	fs.IntVar(&c.Connections, "connections", c.Connections, "number of keep-alive connections, which is the largest number of concurrent checks")
	fs.StringVar(&mix, "mix", mix, "weights of the kinds: `KIND=WEIGHT,...`")
	fs.IntVar(&c.Revoked, "revoked", c.Revoked, "credentials to make and revoke before the run")
	fs.Uint64Var(&c.Seed, "seed", c.Seed, "seed of the arrivals; the same seed draws the same arrivals")
	fs.StringVar(&scope, "scope", scope, "scope of the checks: "+strings.Join(tokens.ScopeNames(), ", "))
	fs.StringVar(&o.newKey, "new-key", "", "make a load key, write it to the new target `FILE`, print the issuers' settings entry and exit")
	fs.StringVar(&o.json, "json", "", "write the result with machine and command to `FILE`")
	fs.StringVar(&o.svg, "svg", "", "write a plot of latency by percentile to `FILE`")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			io.WriteString(helpTo, help)
			fs.SetOutput(helpTo)
			fs.PrintDefaults()
			return nil, err
		}
		return nil, tool.Usage{Err: err}
	}
	if fs.NArg() > 0 {
		return nil, tool.Usagef("unexpected argument %q: all options are flags", fs.Arg(0))
	}
	c.Command = command(fs)

	var errs []error
	var err error
	c.Mix, err = loadtest.ParseMix(mix)
	errs = append(errs, err)
	var ok bool
	if c.Scope, ok = tokens.ParseScope([]byte(scope)); !ok {
		errs = append(errs, fmt.Errorf("scope: expected one of %v", tokens.ScopeNames()))
	}
	if loadKey != "" {
		c.Target.LoadKey, err = loadtest.ParseLoadKey(loadKey)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, tool.Usage{Err: err}
	}
	if o.newKey != "" {
		c.Target = loadtest.Target{Gateway: gateway, Issuer: issuer, Device: device, Staff: staff, Second: second, SecondGateway: secondGateway}
		return o, nil
	}
	missing, err := readTarget(c, file, loadKey != "")
	if err != nil {
		return nil, err
	}
	override(&c.Target.Gateway, gateway)
	override(&c.Target.Issuer, issuer)
	override(&c.Target.Device, device)
	if device != "" {
		c.Target.Passback = ""
	}
	override(&c.Target.Staff, staff)
	override(&c.Target.Second, second)
	override(&c.Target.SecondGateway, secondGateway)
	if err := c.Validate(); err != nil {
		if missing {
			return nil, fmt.Errorf("no running demo found (%s): start one with `go run ./cmd/demo -serve`, or give a target with -target or flags\n%w",
				loadtest.DefaultTargetFile(), err)
		}
		return nil, tool.Usage{Err: err}
	}
	return o, nil
}

// readTarget reads the target file. The default file may be missing, since flags can give
// the whole target; a named file may not.
func readTarget(c *loadtest.Config, file string, keepKey bool) (missing bool, err error) {
	path := file
	if path == "" {
		path = loadtest.DefaultTargetFile()
	}
	t, err := loadtest.ReadTarget(path)
	if file == "" && errors.Is(err, loadtest.ErrNoTarget) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if keepKey {
		t.LoadKey = c.Target.LoadKey
	}
	c.Target = t
	return false, nil
}

func override(field *string, flag string) {
	if flag != "" {
		*field = flag
	}
}

// command returns the command line for the report, without credentials.
func command(fs *flag.FlagSet) string {
	text := "go run ./cmd/loadtest"
	fs.Visit(func(f *flag.Flag) {
		value := f.Value.String()
		switch {
		case secret[f.Name]:
			value = "…"
		case strings.ContainsAny(value, " '\"$"):
			value = fmt.Sprintf("%q", value)
		}
		text += " -" + f.Name + "=" + value
	})
	return text
}
