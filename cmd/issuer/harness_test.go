package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/harness/stack"
	"github.com/railgate/railgate/tokens"
)

const patience = 20 * time.Second

// system is an issuer's settings, keys and broker.
type system struct {
	t      *testing.T
	dir    string
	file   string
	admin  string   // where it serves operators
	flags  []string // beside the file, for whatever is run
	config config
	keys   *keystore.Keys
	broker *fakekafka.Broker
	send   passenger.Sender
	client *passenger.Client // of the public listener
	people int               // who have applied
}

func newSystem(t *testing.T) *system {
	t.Helper()
	b, err := fakekafka.Start()
	runtest.Must(t, err)
	t.Cleanup(b.Close)
	dir := t.TempDir()
	d := &system{t: t, dir: dir, broker: b, config: defaults()}
	d.keys, err = keystore.Init(filepath.Join(dir, "keys"))
	runtest.Must(t, err)
	d.config.Database, d.config.Keys = filepath.Join(dir, "issuer.db"), filepath.Join(dir, "keys")
	d.config.Kafka.Brokers, d.config.Kafka.Replication, d.config.Kafka.Partitions = b.Addresses(), 1, 1
	s := stack.New(stack.Config{Dir: dir, Brokers: b.Addresses(), Database: d.config.Database})
	server, err := s.Issuer("issuer", stack.Settings{"log_level": "error", "drain_delay": "0s", "kafka.partitions": 1, "kafka.heartbeat": "50ms"})
	runtest.Must(t, err)
	d.file, d.admin = server.File, server.Admin
	d.send = passenger.HTTP(&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}})
	d.client = passenger.New(server.URL, d.send)
	return d
}

// start runs the issuer itself.
func (d *system) start() (stop func()) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx, append([]string{"-config", d.file}, d.flags...)); err != nil {
			d.t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	d.t.Cleanup(stop)
	return stop
}

// serves starts the issuer and waits until it has a key in service.
func (d *system) serves() (stop func()) {
	d.t.Helper()
	stop = d.start()
	runtest.Eventually(d.t, patience, "a key in service", func() bool {
		status, _ := d.call("GET", "/readyz", "", "")
		return status == http.StatusOK
	})
	return stop
}

func freePort(t *testing.T) string {
	t.Helper()
	ports, err := process.FreePorts(1)
	runtest.Must(t, err)
	return ports[0]
}

// announce has the issuer's key in the database, as any issuer that ever ran has.
func (d *system) announce() *outbox.Outbox {
	d.t.Helper()
	db := d.openDatabase()
	d.t.Cleanup(func() { db.Close() })
	_, err := d.keyStore(db).Publish(d.t.Context(), keyring.Public{ID: d.keys.IssuerID, Key: d.keys.Issuer.Public()}, database.MillisAt(time.Now()))
	runtest.Must(d.t, err)
	return db
}

func (d *system) openDatabase() *outbox.Outbox {
	d.t.Helper()
	db, err := outbox.Open(d.t.Context(), outbox.Config{Database: d.config.Database, Partitions: 1})
	runtest.Must(d.t, err)
	return db
}

func (d *system) keyStore(box *outbox.Outbox) *keyring.Store {
	d.t.Helper()
	s, err := keyring.NewStore(keyring.Config{Outbox: box, Sessions: credential.Sessions{}})
	runtest.Must(d.t, err)
	return s
}

// asks runs a command and returns what it printed.
func (d *system) asks(args ...string) (string, error) {
	var out bytes.Buffer
	err := runTo(d.t.Context(), slices.Concat([]string{"-config", d.file}, d.flags, args), &out)
	return out.String(), err
}

// does is asks for what must succeed.
func (d *system) does(args ...string) string {
	d.t.Helper()
	out, err := d.asks(args...)
	if err != nil {
		d.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// fails is asks for what must fail.
func (d *system) fails(args ...string) string {
	d.t.Helper()
	out, err := d.asks(args...)
	if err == nil {
		d.t.Fatalf("%v: accepted\n%s", args, out)
	}
	return out
}

// orders is does for an order.
func (d *system) orders(args ...string) string {
	d.t.Helper()
	return d.does(append([]string{"-by", "night-shift"}, args...)...)
}

// gateway is what a gateway that starts now learns from the stream.
func (d *system) gateway() *revocation.Replica {
	d.t.Helper()
	now := time.Now().UnixMilli()
	authority, err := revocation.NewAuthority(d.keys.Authority.Public())
	runtest.Must(d.t, err)
	r, err := revocation.NewReplica(authority, 1, revocation.Limits{}, now)
	runtest.Must(d.t, err)
	messages, err := stack.ReadPartition(d.t.Context(), d.broker.Addresses(), d.config.Kafka.Topic, 0)
	runtest.Must(d.t, err)
	for _, m := range messages {
		r.Apply(0, m, time.Now().UnixMilli())
	}
	return r
}

// call is a request to the public listener.
func (d *system) call(method, path, bearer, body string) (status int, answer string) {
	d.t.Helper()
	return d.ask(method, d.client.Issuer+path, bearer, body)
}

// readiness is what operators are told.
func (d *system) readiness() (status int, answer string) {
	d.t.Helper()
	return d.ask("GET", d.admin+"/readyz", "", "")
}

func (d *system) ask(method, url, bearer, body string) (status int, answer string) {
	d.t.Helper()
	r := passenger.Request{Method: method, URL: url, Bearer: bearer}
	if body != "" {
		r.Body = []byte(body)
	}
	got, err := d.send(d.t.Context(), r)
	if err != nil {
		return 0, err.Error()
	}
	return got.Status, string(got.Body)
}

// gets is call for what must be answered so.
func (d *system) gets(want int, path, bearer, body string, into any) {
	d.t.Helper()
	status, answer := d.call("POST", path, bearer, body)
	if status != want {
		d.t.Fatalf("%s was answered %d: %s", path, status, answer)
	}
	runtest.Must(d.t, json.Unmarshal([]byte(answer), into))
}

// approved is an application that was approved, and the check that did it.
type approved struct {
	*passenger.Application
	check string
}

// approved goes the way of one more passenger, with what the provider of face checks
// takes as evidence.
func (d *system) approved(evidence string) approved {
	d.t.Helper()
	d.people++
	a, err := d.client.Apply(d.t.Context(), person(d.people))
	runtest.Must(d.t, err)
	check, err := d.client.CheckWith(d.t.Context(), a, evidence)
	runtest.Must(d.t, err)
	return approved{a, check}
}

// signedWith asserts the key that a new session's pass is signed under.
func (d *system) signedWith(want tokens.KeyID, p approved) {
	d.t.Helper()
	if got := d.session(p); got != want {
		d.t.Fatalf("key %d signs, want %d", got, want)
	}
}

// signsWith asserts the key that the issuer signs under now.
func (d *system) signsWith(want tokens.KeyID) {
	d.t.Helper()
	d.signedWith(want, d.approved(passenger.FacePasses))
}

// session opens one and returns the key that its pass is signed under.
func (d *system) session(p approved) tokens.KeyID {
	d.t.Helper()
	s, err := d.client.Show(d.t.Context(), p.Application, p.check, tokens.Link{1})
	runtest.Must(d.t, err)
	token := s.Code(0)
	return token.KeyID()
}

// signs is the key that the issuer signs under now.
func (d *system) signs() tokens.KeyID {
	d.t.Helper()
	return d.session(d.approved(passenger.FacePasses))
}

// person is the n-th test person.
func person(n int) passenger.Person { return passenger.Resident(passenger.Tests, n) }

// textFile makes a file that only its owner reads.
func (d *system) textFile(name string, lines string) string {
	d.t.Helper()
	path := filepath.Join(d.t.TempDir(), name)
	runtest.Must(d.t, os.WriteFile(path, []byte(lines), 0o600))
	return path
}

// sql looks into the database, or does there what only time or somebody else could.
func (d *system) sql(use func(db *sql.DB) error) {
	d.t.Helper()
	s := d.openDatabase()
	defer s.Close()
	runtest.Must(d.t, use(s.Database().Writer()))
}

// exec runs statements, each with the same arguments.
func (d *system) exec(args []any, statements ...string) {
	d.t.Helper()
	d.sql(func(db *sql.DB) error {
		for _, text := range statements {
			if _, err := db.ExecContext(d.t.Context(), text, args...); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		return nil
	})
}

// auditActs lists what the trail has of the acts of one role, oldest first.
func (d *system) auditActs(role string) (acts []string) {
	d.t.Helper()
	d.sql(func(db *sql.DB) error {
		rows, err := db.QueryContext(d.t.Context(), `SELECT who || ' ' || action || ' ' || object_kind || ':' || object FROM audit WHERE role = $1 ORDER BY id`, role)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var act string
			if err := rows.Scan(&act); err != nil {
				return err
			}
			acts = append(acts, act)
		}
		return rows.Err()
	})
	return acts
}

// hasActs asserts what the trail has of the acts of one role, oldest first.
func (d *system) hasActs(role string, want ...string) {
	d.t.Helper()
	if got := d.auditActs(role); !slices.Equal(got, want) {
		d.t.Errorf("trail %q, want %q", got, want)
	}
}

// refused fails the test unless the command was refused with these words.
func (d *system) refused(words string, args ...string) {
	d.t.Helper()
	out, err := d.asks(args...)
	if err == nil || !strings.Contains(err.Error(), words) {
		d.t.Errorf("%v: %v, want %q\n%s", args, err, words, out)
	}
}
