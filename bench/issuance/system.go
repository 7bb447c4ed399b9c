package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/stack"
	"github.com/railgate/railgate/tokens/signing"
)

// The databases of an issuer in this benchmark.
const (
	postgreSQL = "postgres"
	sqlite     = "sqlite"
)

const (
	readyWithin = 40 * time.Second // also after a restart of the database
	stopWithin  = 20 * time.Second // above the drain timeouts of issuer and gateway
)

// plan is the configuration of a system.
type plan struct {
	binaries *process.Binaries
	database string // postgreSQL or sqlite
	port     int    // of PostgreSQL
	gateway  bool
	gateCPU  int       // processor of the gateway; the rest uses those of this process
	progress io.Writer // of PostgreSQL's script
}

// system is the stack under measurement: its own PostgreSQL or an SQLite file, a Kafka-compatible
// broker in this process, the built issuer and optionally the built gateway. All of it ends with
// close, and by itself if this process dies for any reason.
type system struct {
	*stack.Stack
	target string // target file of the load test

	broker          *fakekafka.Broker
	postgres        *postgres // nil: SQLite
	issuer, gateway *server   // gateway may be nil
}

// server is a running issuer or gateway.
type server struct {
	*stack.Server
	*process.Process
}

// openSystem starts everything and waits until it is ready. After a failure, or the end of ctx, it
// stops what it started.
func openSystem(ctx context.Context, p plan) (*system, error) {
	dir, err := os.MkdirTemp("", "railgate-issuance-")
	if err != nil {
		return nil, err
	}
	s := &system{Stack: stack.New(stack.Config{Dir: dir, Binary: p.binaries.Path, Database: filepath.Join(dir, "issuer.db")})}
	if err := s.startAll(ctx, p); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *system) startAll(ctx context.Context, p plan) (err error) {
	if err := os.Chmod(s.Dir, 0o755); err != nil { // PostgreSQL may run as another user
		return err
	}
	if s.broker, err = fakekafka.Start(); err != nil {
		return err
	}
	s.Brokers = s.broker.Addresses()
	if p.database == postgreSQL {
		script := filepath.Join(p.binaries.Root, "deploy", "postgres", "postgres.sh")
		if s.postgres, err = startPostgres(script, filepath.Join(s.Dir, "postgres"), p.port, p.progress); err != nil {
			return err
		}
		s.Database = s.postgres.dsn
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Secrets, err = stack.MakeSecrets(ctx, s.Binary, s.Keys()); err != nil {
		return err
	}
	key := loadtest.LoadKey{ID: loadtest.FirstLoadKey, Seed: signing.GenerateSeed()}
	issuer, err := s.Issuer("issuer", stack.Settings{
		"drain_delay": "0s", "kafka.heartbeat": nil, "address_rate.burst": 0,
		"throttle.in_flight_network": 256, "throttle.application_burst": 0, "throttle.revocation_burst": 0,
		"throttle.identifications_per_minute": 0, "throttle.identifications_per_day": 0, "throttle.subjects_per_day": 0,
	}, key.Announcement())
	if err != nil {
		return err
	}
	if s.issuer, err = s.start(ctx, issuer, process.AnyCPU); err != nil || !p.gateway {
		return err
	}
	gateway, err := s.Gateway("gateway", stack.Settings{"drain_delay": "0s", "snapshots.every": nil})
	if err != nil {
		return err
	}
	if s.gateway, err = s.start(ctx, gateway, p.gateCPU); err != nil {
		return err
	}
	return s.writeTarget(loadtest.Target{Gateway: gateway.URL, Issuer: issuer.URL, Device: s.Device, Staff: s.Staff, LoadKey: key})
}

// start starts a server and waits until it is ready; it returns the server even if it is not.
func (s *system) start(ctx context.Context, v *stack.Server, cpu int) (*server, error) {
	p, err := v.Start(cpu)
	if err != nil {
		return nil, err
	}
	return &server{v, p}, v.Ready(ctx, readyWithin, p)
}

func (s *system) writeTarget(t loadtest.Target) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	s.target = filepath.Join(s.Dir, "target.json")
	return os.WriteFile(s.target, text, 0o600)
}

// servers returns the started servers.
func (s *system) servers() (all []*server) {
	for _, v := range []*server{s.gateway, s.issuer} {
		if v != nil {
			all = append(all, v)
		}
	}
	return all
}

// alive returns an error if a server has ended unexpectedly.
func (s *system) alive() (err error) {
	for _, v := range s.servers() {
		err = errors.Join(err, v.Gone())
	}
	return err
}

// trim empties the logs: an issuer writes a line for each request.
func (s *system) trim() (err error) {
	for _, v := range s.servers() {
		err = errors.Join(err, v.TrimLog())
	}
	return err
}

// close stops everything and deletes its folder.
func (s *system) close() error {
	var faults []error
	for _, v := range s.servers() {
		faults = append(faults, v.Stop(stopWithin))
	}
	if s.broker != nil {
		s.broker.Close()
	}
	if s.postgres != nil {
		faults = append(faults, s.postgres.end())
	}
	return errors.Join(append(faults, os.RemoveAll(s.Dir))...)
}

// cpuTime is processor time, user and system, in steps of 10 ms.
type cpuTime struct {
	client   time.Duration // this process: the load generator and the broker
	issuer   time.Duration
	database time.Duration // PostgreSQL's processes; 0 with SQLite, which is part of the issuer
}

// since returns the time used after before.
func (c cpuTime) since(before cpuTime) cpuTime {
	return cpuTime{c.client - before.client, c.issuer - before.issuer, c.database - before.database}
}

func (c cpuTime) sum() time.Duration { return c.client + c.issuer + c.database }

// used returns the time used so far.
func (s *system) used() (c cpuTime, err error) {
	self, err := process.UsageOf(os.Getpid())
	if err != nil {
		return c, err
	}
	issuer, err := process.UsageOf(s.issuer.PID())
	if err != nil {
		return c, err
	}
	c = cpuTime{client: self.Own, issuer: issuer.Own}
	if s.postgres != nil {
		c.database, err = process.FamilyTime(s.postgres.pid())
	}
	return c, err
}
