// Command issuer is the issuance backend: applications, real-person checks,
// viewing sessions, revocation. It holds the private keys and the personal
// data, and tells gateways what they must know over the control stream.
//
// It answers on two listeners:
//
//	public  /v1/…, GET /healthz, GET /readyz   (docs/openapi/issuer.yaml)
//	admin   GET /metrics, /debug/pprof/, /healthz, /readyz
//
// -cut-off-key and -cut-off-subject give an order to every gateway and exit; they
// work beside a running issuer and without one.
//
// Settings come from a TOML file, the environment and flags; -check validates
// them and exits. SIGTERM and SIGINT finish the requests at hand, then stop the
// publisher; what it had not published yet waits in the database.
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/kafkalink"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/api"
	"github.com/railgate/railgate/issuance/backend"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/realperson"
	"github.com/railgate/railgate/issuance/residents"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/revocation/publish"
)

const about = `Issues electronic temporary IDs: applications, real-person checks, viewing sessions, revocation.

  railgate-issuer -init DIR                    make the keys, print the authority's public key
  railgate-issuer -config issuer.toml          run
  railgate-issuer -config issuer.toml -check   validate the settings and exit
  railgate-issuer -new-staff NAME -roles window,police
                                               make a staff credential and its entry for the file; roles are
                                               window, agency, police, operator, ticketing, authority

Orders to every gate. They are committed to the database; then the command waits, at most a
minute, until they are published, whether an issuer runs or not. TIME is RFC 3339, such as
2026-02-10T08:00:00+08:00; now if it is left out.

  railgate-issuer -config issuer.toml -by NAME -cut-off-key ID [-at TIME]
                  [-rescue FILE] [-rescue-known]
      a key leaked: sessions that start under it at TIME or later are refused, but for those of
      rescued credentials; rescue few, since a thief can use their serials, too
  railgate-issuer -config issuer.toml -by NAME -cut-off-subject HEX [-before TIME]
      end a passenger's sessions that start before TIME
  railgate-issuer -config issuer.toml -by NAME -restate
      database and log came back from a backup together: say everything in force again

  railgate-issuer -probe http://127.0.0.1:9081/readyz   exit 0 if that answers 200`

func main() { process.Main("railgate-issuer", run) }

func run(ctx context.Context, args []string) error {
	c := defaults()
	var probe, keys, name, roles string
	var o orderFlags
	extra, err := conf.Load(&c, conf.Options{
		Program: "railgate-issuer", About: about, EnvPrefix: "RAILGATE_ISSUER",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&probe, "probe", "", "ask this `URL` and exit: 0 if it answers 200")
			f.StringVar(&keys, "init", "", "make the keys of a new issuer in the directory `DIR` and exit")
			f.StringVar(&name, "new-staff", "", "make a credential for the member of staff `NAME`, print it and exit")
			f.StringVar(&roles, "roles", "", "with -new-staff: what the credential may do, `ROLE[,ROLE]`")
			o.register(f)
		},
	}, args, os.Environ(), os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return err
	case probe != "":
		return process.Probe(probe)
	case keys != "":
		return initKeys(keys)
	case name != "":
		return printStaff(name, roles)
	case err != nil:
		return err
	}
	order, err := o.order(time.Now())
	if err != nil {
		return err
	}
	k, err := keystore.Open(c.Keys)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if extra.Check {
		fmt.Printf("settings are valid: key %d, topic %s, %d partitions\n", k.IssuerID, c.Kafka.Topic, c.Kafka.Partitions)
		return nil
	}
	if order != nil {
		return carryOut(ctx, &c, k, order, os.Stdout)
	}
	return serve(ctx, &c, k)
}

// serve wires the parts: HTTP → service → store, and store → publisher → Kafka.
func serve(ctx context.Context, c *config, keys *keystore.Keys) error {
	lv, err := process.Level(c.LogLevel)
	if err != nil {
		return err
	}
	log, err := process.Logger(lv)
	if err != nil {
		return err
	}
	defer log.Sync()
	db, err := store.Open(ctx, store.Config{Database: c.Database, Partitions: c.Kafka.Partitions})
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer db.Close()

	link, err := kafkalink.Open(kafkalink.Config{Brokers: c.Kafka.Brokers, Topic: c.Kafka.Topic, ClientID: "railgate-issuer", Security: c.Kafka.Security})
	if err != nil {
		return err
	}
	defer link.Close()
	publisher := newPublisher(c, db, link, keys, log)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		publisherMetrics{publisher})
	b, err := backend.Open(ctx, backend.Config{
		Rules: issuance.Config{
			Store: db, Signer: keys.Issuer, KeyID: keys.IssuerID, Vault: keys.Vault, FieldKeys: keys.FieldKeys, Announce: c.announce,
			Checker: realperson.Sandbox{}, CheckTimeout: c.RealPerson.Timeout,
			Residents: residents.Sandbox{}, LookupTimeout: c.Residents.Timeout,
			Wake: publisher.Wake, Log: log, Metrics: metrics,
		},
		Staff: c.roster,
	})
	if err != nil {
		return err
	}
	public, err := process.Listen("listen", c.Listen)
	if err != nil {
		return err
	}
	admin, err := process.Listen("admin", c.Admin)
	if err != nil {
		public.Close()
		return err
	}
	log.Info("serving", zap.Stringer("public", public.Addr()), zap.Stringer("admin", admin.Addr()),
		zap.Strings("brokers", c.Kafka.Brokers), zap.String("topic", c.Kafka.Topic))

	// The publisher outlives the listeners: what the last request revoked goes out.
	background, stop := context.WithCancel(context.Background())
	defer stop()
	serving, end := context.WithCancel(ctx)
	defer end()
	var parts, listeners errgroup.Group
	parts.Go(func() error {
		defer end() // a topic that cannot be right ends the issuer rather than let it promise what it cannot keep
		return publisher.Run(background)
	})
	parts.Go(func() error { return b.Run(background) })
	listeners.Go(func() error {
		return process.ServeHTTP(serving, api.NewServer(c.Listen, b.API.Public(), log), public, c.DrainTimeout)
	})
	listeners.Go(func() error {
		return process.ServeHTTP(serving, api.NewServer(c.Admin, b.API.Admin(metrics), log), admin, c.DrainTimeout)
	})
	err = listeners.Wait()
	stop()
	if e := parts.Wait(); !errors.Is(e, context.Canceled) {
		err = errors.Join(err, e)
	}
	return err
}

// newPublisher prepares what carries the outbox to the brokers.
func newPublisher(c *config, db *store.Store, link *kafkalink.Link, keys *keystore.Keys, log *zap.Logger) *publish.Publisher {
	return publish.New(publish.Config{
		Broker: link, Outbox: db, Authority: keys.Authority, Heartbeat: c.Kafka.Heartbeat, Now: time.Now, Log: log,
		Topic: publish.Topic{Name: c.Kafka.Topic, Partitions: c.Kafka.Partitions,
			Replication: c.Kafka.Replication, Retention: c.Kafka.Retention},
		TopicFaults: func(ctx context.Context) ([]string, error) {
			return kafkalink.TopicFaults(ctx, link, c.Kafka.Topic, minRetention)
		},
	})
}

func initKeys(dir string) error {
	k, err := keystore.Init(dir)
	if err != nil {
		return err
	}
	public := k.Authority.Public()
	fmt.Printf("keys are in %s; back them up, and keep them from everyone but the issuer\n\nfor every gateway's file:\n[kafka]\nauthority = %q\n",
		dir, hex.EncodeToString(public[:]))
	return nil
}

// printStaff shows a credential once; only its hash is ever stored.
func printStaff(name, roles string) error {
	var all []staff.Role
	for text := range strings.SplitSeq(roles, ",") {
		role, err := staff.ParseRole(text)
		if err != nil {
			return fmt.Errorf("-roles must name at least one of window, agency, police, operator, ticketing, authority")
		}
		all = append(all, role)
	}
	secret, c, err := staff.New(name, all...)
	if err != nil {
		return err
	}
	fmt.Printf("credential for %s, shown only now:\n  %s\n\nentry for the issuer's file:\n[[staff]]\nname = %q\nsha256 = %q\nroles = [%s]\n",
		name, secret, c.Name, c.SHA256, `"`+strings.Join(strings.Split(roles, ","), `", "`)+`"`)
	return nil
}
