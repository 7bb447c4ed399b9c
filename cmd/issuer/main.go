// Command issuer is the issuance backend: applications, face checks,
// viewing sessions, revocation. It holds the private keys and the personal
// data, and tells gateways what they must know over the control stream.
//
// It answers on two listeners:
//
//	public  /v1/…, GET /healthz, GET /readyz   (docs/openapi/issuer.yaml)
//	admin   GET /metrics, /debug/pprof/, /healthz, /readyz (with causes)
//
// With one of the flags of command.go it does something else instead, and exits:
// usage groups them. All work beside a running issuer and without one, but for
// -after-restore and -move-stream, before which issuers stop.
//
// Settings come from a TOML file, the environment and flags; -check validates
// them and exits. SIGTERM and SIGINT drain: /readyz turns first, requests are
// served for drain_delay more, those at hand are finished, then the publisher
// stops; what it had not published yet waits in the database. SIGHUP is ignored.
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
	// A bare command needs no settings, but a flag with a slip in its name could have
	// been meant to keep a secret.
	loose := func() bool {
		inv, wrong = line.invocation(&c, out)
		return wrong != nil || inv != nil && inv.command.bare
	}
	extra, err := conf.Load(&c, conf.Options{
		Program: "railgate-issuer", About: usage, EnvPrefix: "RAILGATE_ISSUER", Flags: line.register, Loose: loose,
	}, args, os.Environ(), out)
	if err := errors.Join(err, wrong); err != nil {
		return err
	}
	switch {
	case extra.Check && inv != nil && inv.command.bare:
		return fmt.Errorf("-check: leave out -%s, which needs no settings that could be checked", inv.command.name)
	case extra.Check:
		return check(&c, out)
	case inv != nil:
		return inv.do(ctx)
	}
	return serve(ctx, &c)
}

// check says that the settings are good, and what is not good about them.
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
	fmt.Fprintf(out, "settings are valid: issuer keys %s, topic %s, %d partitions, %d password hashings at once (%d MiB)\n",
		strings.Join(ids, ", "), c.Kafka.Topic, c.Kafka.Partitions, c.hashing.MaxConcurrent(), c.hashing.MemoryMiB())
	return nil
}

// warnings are what a start should not pass over in silence.
func (c *config) warnings(keys *keystore.Keys) (all []string) {
	for _, name := range keys.Plain() {
		all = append(all, "key file "+name+" is not sealed: whoever reads the disk or a backup of it has the key; seal the directory with -encrypt-keys")
	}
	return slices.Concat(all, keys.Leftovers(), c.sandboxes())
}
