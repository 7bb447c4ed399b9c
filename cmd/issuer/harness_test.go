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

const timeout = 20 * time.Second

// harness has the settings, keys and broker of one issuer.
type harness struct {
	t      *testing.T
	dir    string
	file   string
	admin  string   // URL of the admin listener
	flags  []string // added to every run
	config config
	keys   *keystore.Keys
	broker *fakekafka.Broker
	send   passenger.Sender
	client *passenger.Client // of the public listener
	people int               // number of applicants so far
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	b, err := fakekafka.Start()
	runtest.Must(t, err)
	t.Cleanup(b.Close)
	dir := t.TempDir()
	h := &harness{t: t, dir: dir, broker: b, config: defaults()}
	h.keys, err = keystore.Init(filepath.Join(dir, "keys"))
	runtest.Must(t, err)
	h.config.Database, h.config.Keys = filepath.Join(dir, "issuer.db"), filepath.Join(dir, "keys")
	h.config.Kafka.Brokers, h.config.Kafka.Replication, h.config.Kafka.Partitions = b.Addresses(), 1, 1
	s := stack.New(stack.Config{Dir: dir, Brokers: b.Addresses(), Database: h.config.Database})
	server, err := s.Issuer("issuer", stack.Settings{"log_level": "error", "drain_delay": "0s", "kafka.partitions": 1, "kafka.heartbeat": "50ms"})
	runtest.Must(t, err)
	h.file, h.admin = server.File, server.Admin
	h.send = passenger.HTTP(&http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}})
	h.client = passenger.New(server.URL, h.send)
	return h
}

// startIssuer runs the issuer until stop is called.
func (h *harness) startIssuer() (stop func()) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx, append([]string{"-config", h.file}, h.flags...)); err != nil {
			h.t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	h.t.Cleanup(stop)
	return stop
}

// startReady starts the issuer and waits until it is ready.
func (h *harness) startReady() (stop func()) {
	h.t.Helper()
	stop = h.startIssuer()
	runtest.Eventually(h.t, timeout, "the issuer to be ready", func() bool {
		status, _ := h.call("GET", "/readyz", "", "")
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

// announce writes the issuer's key to the database, as a first start does.
func (h *harness) announce() *outbox.Outbox {
	h.t.Helper()
	db := h.openDatabase()
	h.t.Cleanup(func() { db.Close() })
	_, err := h.keyStore(db).Publish(h.t.Context(), keyring.Public{ID: h.keys.IssuerID, Key: h.keys.Issuer.Public()}, database.MillisAt(time.Now()))
	runtest.Must(h.t, err)
	return db
}

func (h *harness) openDatabase() *outbox.Outbox {
	h.t.Helper()
	db, err := outbox.Open(h.t.Context(), outbox.Config{Database: h.config.Database, Partitions: 1})
	runtest.Must(h.t, err)
	return db
}

func (h *harness) keyStore(box *outbox.Outbox) *keyring.Store {
	h.t.Helper()
	s, err := keyring.NewStore(keyring.Config{Outbox: box, Sessions: credential.Sessions{}})
	runtest.Must(h.t, err)
	return s
}

// runCommand runs a command and returns what it printed.
func (h *harness) runCommand(args ...string) (string, error) {
	var out bytes.Buffer
	err := runTo(h.t.Context(), slices.Concat([]string{"-config", h.file}, h.flags, args), &out)
	return out.String(), err
}

// mustRun runs a command that must succeed.
func (h *harness) mustRun(args ...string) string {
	h.t.Helper()
	out, err := h.runCommand(args...)
	if err != nil {
		h.t.Fatalf("%v failed: %v\n%s", args, err, out)
	}
	return out
}

// mustFail runs a command that must fail.
func (h *harness) mustFail(args ...string) string {
	h.t.Helper()
	out, err := h.runCommand(args...)
	if err == nil {
		h.t.Fatalf("%v succeeded\n%s", args, out)
	}
	return out
}

// asOperator is mustRun with -by.
func (h *harness) asOperator(args ...string) string {
	h.t.Helper()
	return h.mustRun(append([]string{"-by", "night-shift"}, args...)...)
}

// gateway returns the state of a gateway that reads the whole stream now.
func (h *harness) gateway() *revocation.Replica {
	h.t.Helper()
	now := time.Now().UnixMilli()
	authority, err := revocation.NewAuthority(h.keys.Authority.Public())
	runtest.Must(h.t, err)
	r, err := revocation.NewReplica(authority, 1, revocation.Limits{}, now)
	runtest.Must(h.t, err)
	messages, err := stack.ReadPartition(h.t.Context(), h.broker.Addresses(), h.config.Kafka.Topic, 0)
	runtest.Must(h.t, err)
	for _, m := range messages {
		r.Apply(0, m, time.Now().UnixMilli())
	}
	return r
}

// call sends a request to the public listener.
func (h *harness) call(method, path, bearer, body string) (status int, answer string) {
	h.t.Helper()
	return h.request(method, h.client.Issuer+path, bearer, body)
}

// readiness returns /readyz of the admin listener.
func (h *harness) readiness() (status int, answer string) {
	h.t.Helper()
	return h.request("GET", h.admin+"/readyz", "", "")
}

func (h *harness) request(method, url, bearer, body string) (status int, answer string) {
	h.t.Helper()
	r := passenger.Request{Method: method, URL: url, Bearer: bearer}
	if body != "" {
		r.Body = []byte(body)
	}
	got, err := h.send(h.t.Context(), r)
	if err != nil {
		return 0, err.Error()
	}
	return got.Status, string(got.Body)
}

// mustPost sends a POST request that must be answered with want.
func (h *harness) mustPost(want int, path, bearer, body string, into any) {
	h.t.Helper()
	status, answer := h.call("POST", path, bearer, body)
	if status != want {
		h.t.Fatalf("%s was answered %d, want %d: %s", path, status, want, answer)
	}
	runtest.Must(h.t, json.Unmarshal([]byte(answer), into))
}

// approved is an approved application and its face check.
type approved struct {
	*passenger.Application
	check string
}

// approved applies for one more passenger and passes the face check with evidence.
func (h *harness) approved(evidence string) approved {
	h.t.Helper()
	h.people++
	a, err := h.client.Apply(h.t.Context(), person(h.people))
	runtest.Must(h.t, err)
	check, err := h.client.CheckWith(h.t.Context(), a, evidence)
	runtest.Must(h.t, err)
	return approved{a, check}
}

// wantSessionKey asserts the key that signs a new session's pass.
func (h *harness) wantSessionKey(want tokens.KeyID, p approved) {
	h.t.Helper()
	if got := h.openSession(p); got != want {
		h.t.Fatalf("the pass is signed by key %d, want %d", got, want)
	}
}

// wantSigningKey asserts the key that the issuer signs with now.
func (h *harness) wantSigningKey(want tokens.KeyID) {
	h.t.Helper()
	h.wantSessionKey(want, h.approved(passenger.FacePasses))
}

// openSession opens a session and returns the key that signed its pass.
func (h *harness) openSession(p approved) tokens.KeyID {
	h.t.Helper()
	s, err := h.client.Show(h.t.Context(), p.Application, p.check, tokens.Link{1})
	runtest.Must(h.t, err)
	token := s.Code(0)
	return token.KeyID()
}

// signingKey returns the key that the issuer signs with now.
func (h *harness) signingKey() tokens.KeyID {
	h.t.Helper()
	return h.openSession(h.approved(passenger.FacePasses))
}

// person is the n-th test person.
func person(n int) passenger.Person { return passenger.Resident(passenger.Tests, n) }

// textFile creates a file that only its owner can read.
func (h *harness) textFile(name string, lines string) string {
	h.t.Helper()
	path := filepath.Join(h.t.TempDir(), name)
	runtest.Must(h.t, os.WriteFile(path, []byte(lines), 0o600))
	return path
}

// withDatabase calls use with the issuer's database: to inspect it, or to change rows as
// the passage of time or an attacker would.
func (h *harness) withDatabase(use func(db *sql.DB) error) {
	h.t.Helper()
	s := h.openDatabase()
	defer s.Close()
	runtest.Must(h.t, use(s.Database().Writer()))
}

// execSQL executes statements, each with the same arguments.
func (h *harness) execSQL(args []any, statements ...string) {
	h.t.Helper()
	h.withDatabase(func(db *sql.DB) error {
		for _, text := range statements {
			if _, err := db.ExecContext(h.t.Context(), text, args...); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		return nil
	})
}

// auditEntries lists the audit entries of one role, oldest first.
func (h *harness) auditEntries(role string) (all []string) {
	h.t.Helper()
	h.withDatabase(func(db *sql.DB) error {
		rows, err := db.QueryContext(h.t.Context(), `SELECT who || ' ' || action || ' ' || object_kind || ':' || object FROM audit WHERE role = $1 ORDER BY id`, role)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var entry string
			if err := rows.Scan(&entry); err != nil {
				return err
			}
			all = append(all, entry)
		}
		return rows.Err()
	})
	return all
}

// wantAudit asserts the audit entries of one role, oldest first.
func (h *harness) wantAudit(role string, want ...string) {
	h.t.Helper()
	if got := h.auditEntries(role); !slices.Equal(got, want) {
		h.t.Errorf("audit entries of %s: %q, want %q", role, got, want)
	}
}

// wantError asserts that a command fails with an error that contains text.
func (h *harness) wantError(text string, args ...string) {
	h.t.Helper()
	out, err := h.runCommand(args...)
	if err == nil || !strings.Contains(err.Error(), text) {
		h.t.Errorf("%v: error %v, want %q\n%s", args, err, text, out)
	}
}
