// Command gateway checks electronic temporary IDs for gates, windows and handhelds, from
// memory alone.
//
// It reads the control stream from Kafka (keys, revocations, heartbeats), and the bookings of its station if a
// device has a policy on tickets. It serves two listeners:
//
//	public  POST /v1/check?scope=SCOPE, POST /v1/checks?scope=SCOPE, POST /v1/passages, GET /healthz, GET /readyz
//	admin   GET /metrics, /conflicts, /debug/pprof/, /healthz, /readyz (with causes)
//
// Settings come from a TOML file, the environment and flags; -check validates them and
// exits. SIGTERM and SIGINT drain: /readyz reports 503, requests are served for
// drain_delay, requests in progress are finished, then the stream stops. SIGHUP is
// ignored. docs/operations.md describes operation.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/feeds"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/tokens/fixedkey"
)

const usage = `Checks electronic temporary IDs for gates, windows and handhelds, from memory alone.
Reads keys and revocations from a Kafka topic; uses no database and no connection to the issuer.

  railgate-gateway -config gateway.toml          run
  railgate-gateway -config gateway.toml -check   validate the settings and exit
  railgate-gateway -new-device ID                make a device credential and its settings entry
  railgate-gateway -new-key FILE                 make the key with which this gateway signs passages, bundles and receipts
  railgate-gateway -probe http://127.0.0.1:9080/readyz   exit 0 if that answers 200`

func main() { process.Main("railgate-gateway", run) }

func run(ctx context.Context, args []string) error {
	c := defaults()
	var probe, device, key string
	extra, err := conf.Load(&c, conf.Options{
		Program: "railgate-gateway", About: usage, EnvPrefix: "RAILGATE_GATEWAY",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&probe, "probe", "", "request this `URL` and exit with 0 if it answers 200, else with 1")
			f.StringVar(&device, "new-device", "", "make a credential for the device `ID`, print it with its settings entry and exit")
			f.StringVar(&key, "new-key", "", "make the gateway's own key in `FILE`, print how to announce it and exit")
		},
	}, args, os.Environ(), os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return err
	case probe != "":
		return process.Probe(probe)
	case device != "":
		printDevice(device)
		return nil
	case key != "":
		return newKey(key, os.Stdout)
	case err != nil:
		return err
	}
	if extra.Check {
		c.printCheck(os.Stdout)
		return nil
	}
	return serve(ctx, &c)
}

// serve connects the parts: streams → replica, passages and bookings → gateway. Shutdown is in reverse order:
// stop accepting, drain, send the passages that wait, stop the streams.
func serve(ctx context.Context, c *config) error {
	log, err := process.Logger(c.LogLevel)
	if err != nil {
		return err
	}
	defer log.Sync()
	defer process.IgnoreHangup(log)()
	if err := fixedkey.Fault(); err != nil {
		log.Error("the fast signature arithmetic computes wrong results on this processor or in this build; the plain form is used, several times slower", zap.Error(err))
	}

	replica, err := revocation.NewReplica(c.authority, c.Kafka.Partitions, c.limits(), time.Now().UnixMilli())
	if err != nil {
		return err
	}
	follower := stream.New(func() (stream.Link, error) { return kafka.Open(c.kafka(c.Kafka.Topic)) }, c.Kafka.Topic, replica, time.Now, log)
	if c.Snapshots.Dir != "" {
		follower.Snapshots = c.snapshots()
		follower.Snapshots.Restore(replica, c.Kafka.Topic, time.Now(), log)
	}

	connections := process.Connections(gateway.MaxConnections, process.Descriptors())
	if connections < gateway.MaxConnections {
		log.Warn("the limit on open files reduces the number of connections; raise it (ulimit -Hn, LimitNOFILE)",
			zap.Uint64("open_files", process.Descriptors()), zap.Int("connections", connections), zap.Int("wanted", gateway.MaxConnections))
	}
	beside, err := newFeeds(c, replica, log)
	if err != nil {
		return err
	}
	settings := gateway.Config{
		Connections: connections,
		Devices:     c.devices, Policies: c.policies, CacheBytes: int64(c.CacheMiB) << 20,
		DrainDelay: c.DrainDelay, DrainTimeout: c.DrainTimeout, Trouble: follower.Why, Bundles: c.Bundle.bundles(),
	}
	beside.Connect(&settings)
	g, err := gateway.New(settings, replica, log)
	if err != nil {
		return err
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(g, streamMetrics{follower, replica}, feeds.Metrics{Feeds: beside}, process.BuildInfo(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	public, admin, err := process.ListenBoth(c.Listen, c.Admin, log)
	if err != nil {
		return err
	}
	log.Info("serving", zap.String("version", process.Version()), zap.Stringer("public", public.Addr()), zap.Stringer("admin", admin.Addr()),
		zap.Stringer("verifier", fixedkey.Best()), zap.Int("devices", c.devices.Len()), zap.Strings("brokers", c.Kafka.Brokers), zap.String("topic", c.Kafka.Topic))

	// The stream and the admin listener outlive the public listener's drain.
	background, stop := context.WithCancel(context.Background())
	defer stop()
	var parts errgroup.Group
	parts.Go(func() error { follower.Run(background); return nil })
	parts.Go(func() error { return beside.Run(background) })
	parts.Go(func() error { return process.ServeHTTP(background, g.NewAdmin(metrics), admin, c.DrainTimeout) })
	err = g.Serve(ctx, public)
	stop()
	err = errors.Join(err, parts.Wait())
	log.Info("stopped", zap.Error(err))
	return err
}

// printDevice prints a new credential, which is not stored, and the entry with its hash.
func printDevice(id string) {
	credential := gateway.NewCredential()
	fmt.Printf("credential for the device (not stored, shown only once):\n  %s\n\nentry for the gateways' settings:\n[[device]]\nid = %q\nsha256 = %q\nscopes = [\"entry\", \"exit\"]\n",
		credential, id, gateway.HashCredential(credential))
}
