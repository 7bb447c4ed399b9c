// Command issuer is the issuance backend: applications, face checks,
// sessions, revocation. It stores the private keys and the personal data, and
// publishes to gateways over the control stream.
//
// It has two listeners:
//
//	public  /v1/…, GET /healthz, GET /readyz   (docs/openapi/issuer.yaml)
//	admin   GET /metrics, /debug/pprof/, /healthz, /readyz (with causes)
//
// A command flag makes the process run one command and exit; usage lists them.
// Commands work while issuers run and while none runs. The exceptions are
// -after-restore and -move-stream: every issuer must be stopped first.
//
// Settings come from a TOML file, the environment and flags; -check validates
// them and exits. SIGTERM and SIGINT drain the issuer: /readyz answers 503, new
// requests are still served for drain_delay, requests in progress are finished,
// then the publisher stops. Records not yet published stay in the database.
// SIGHUP is ignored.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/keystore"
)

func main() { process.Main("railgate-issuer", run) }

func run(ctx context.Context, args []string) error { return runTo(ctx, args, os.Stdout) }

func runTo(ctx context.Context, args []string, out io.Writer) error {
	c := defaults()
	var line commandLine
	var inv *invocation
	var wrong error
	// A bare command needs no settings. Unknown flags are still an error: a mistyped
	// flag may have been meant to protect a secret.
	loose := func() bool {
		inv, wrong = line.invocation(&c, out)
		return wrong != nil || inv != nil && inv.command.bare
	}
	extra, err := conf.Load(&c, conf.Options{
		Program: "railgate-issuer", About: usage, EnvPrefix: "RAILGATE_ISSUER", Flags: line.register, SkipValidate: loose,
	}, args, os.Environ(), out)
	if err := errors.Join(err, wrong); err != nil {
		return err
	}
	switch {
	case extra.Check && inv != nil && inv.command.bare:
		return fmt.Errorf("-check: omit -%s: that command has no settings to check", inv.command.name)
	case extra.Check:
		return check(&c, out)
	case inv != nil:
		return inv.do(ctx)
	}
	return serve(ctx, &c)
}

// check opens the keys, and prints warnings and a summary of valid settings.
func check(c *config, out io.Writer) error {
	keys, err := c.openKeys()
	if err != nil {
		return err
	}
	var ids []string
	for _, k := range keys.Issuers {
		ids = append(ids, fmt.Sprint(k.ID))
	}
	for _, w := range c.warnings(keys) {
		fmt.Fprintln(out, "warning:", w)
	}
	fmt.Fprintf(out, "settings are valid: issuer keys %s, topic %s, %d partitions, %d concurrent password hashings (%d MiB)\n",
		strings.Join(ids, ", "), c.Kafka.Topic, c.Kafka.Partitions, c.hashing.MaxConcurrent(), c.hashing.MemoryMiB())
	return nil
}

// warnings returns the conditions that -check prints and that every start logs.
func (c *config) warnings(keys *keystore.Keys) (all []string) {
	for _, name := range keys.Plain() {
		all = append(all, "key file "+name+" is not encrypted: anyone who can read the disk or a backup has the key; run -encrypt-keys")
	}
	return slices.Concat(all, keys.Leftovers(), c.sandboxWarnings())
}
