package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/idnumber"
	"github.com/railgate/railgate/test/runtest"
	"github.com/railgate/railgate/tokens"
)

const patience = 20 * time.Second

// desk is an issuer's settings, keys and broker.
type desk struct {
	t      *testing.T
	dir    string
	file   string
	url    string   // where it serves passengers
	admin  string   // where it serves operators
	flags  []string // beside the file, for whatever is run
	config config
	keys   *keystore.Keys
	broker *fakekafka.Broker
	people int // who have applied
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	b, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	dir := t.TempDir()
	d := &desk{t: t, dir: dir, file: filepath.Join(dir, "issuer.toml"), broker: b, config: defaults()}
	if d.keys, err = keystore.Init(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	d.config.Database, d.config.Keys = filepath.Join(dir, "issuer.db"), filepath.Join(dir, "keys")
	d.config.Kafka.Brokers, d.config.Kafka.Replication, d.config.Kafka.Partitions = b.Addresses(), 1, 1
	listen := freePort(t)
	admin := freePort(t)
	d.url, d.admin = "http://"+listen, "http://"+admin
	text := fmt.Sprintf("listen = %q\nadmin = %q\nlog_level = \"error\"\ndrain_delay = \"0s\"\ndatabase = %q\nkeys = %q\n"+
		"[real_person]\nprovider = \"sandbox\"\n[residents]\nprovider = \"sandbox\"\n[kafka]\nbrokers = [%q]\nreplication = 1\npartitions = 1\nheartbeat = \"50ms\"\n",
		listen, admin, d.config.Database, d.config.Keys, b.Addresses()[0])
	if err := os.WriteFile(d.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// start runs the issuer itself.
func (d *desk) start() (stop func()) {
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
func (d *desk) serves() (stop func()) {
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// announce has the issuer's key in the database, as any issuer that ever ran has.
func (d *desk) announce() *store.Store {
	d.t.Helper()
	db, err := store.Open(d.t.Context(), store.Config{Database: d.config.Database, Partitions: 1})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { db.Close() })
	if _, err := db.AnnounceKey(d.t.Context(), d.keys.IssuerID, d.keys.Issuer.Public(), time.Now().UnixMilli()); err != nil {
		d.t.Fatal(err)
	}
	return db
}

// asks runs a command and returns what it printed.
func (d *desk) asks(args ...string) (string, error) {
	var out bytes.Buffer
	err := runTo(d.t.Context(), slices.Concat([]string{"-config", d.file}, d.flags, args), &out)
	return out.String(), err
}

// does is asks for what must succeed.
func (d *desk) does(args ...string) string {
	d.t.Helper()
	out, err := d.asks(args...)
	if err != nil {
		d.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// orders is does for an order.
func (d *desk) orders(args ...string) string {
	d.t.Helper()
	return d.does(append([]string{"-by", "night-shift"}, args...)...)
}

// gateway is what a gateway that starts now learns from the stream.
func (d *desk) gateway() *revocation.Replica {
	d.t.Helper()
	now := time.Now().UnixMilli()
	authority, err := revocation.NewAuthority(d.keys.Authority.Public())
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := revocation.NewReplica(authority, 1, revocation.Limits{}, now)
	if err != nil {
		d.t.Fatal(err)
	}
	client := &kafkago.Client{Addr: kafkago.TCP(d.broker.Addresses()...), Timeout: patience}
	topic := d.config.Kafka.Topic
	ends, err := client.ListOffsets(d.t.Context(), &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: {kafkago.LastOffsetOf(0)}}})
	if err != nil {
		d.t.Fatal(err)
	}
	for at := int64(0); at < ends.Topics[topic][0].LastOffset; {
		f, err := client.Fetch(d.t.Context(), &kafkago.FetchRequest{Topic: topic, Offset: at, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
		if err != nil || f.Error != nil {
			d.t.Fatal(err, f.Error)
		}
		for {
			record, err := f.Records.ReadRecord()
			if err != nil {
				break
			}
			value, err := protocol.ReadAll(record.Value)
			if err != nil {
				d.t.Fatal(err)
			}
			if record.Offset >= at {
				r.Apply(0, value, time.Now().UnixMilli())
				at = record.Offset + 1
			}
		}
	}
	return r
}

// call is a request to the public listener.
func (d *desk) call(method, path, bearer, body string) (status int, answer string) {
	d.t.Helper()
	return d.ask(method, d.url+path, bearer, body)
}

// readiness is what operators are told.
func (d *desk) readiness() (status int, answer string) {
	d.t.Helper()
	return d.ask("GET", d.admin+"/readyz", "", "")
}

func (d *desk) ask(method, url, bearer, body string) (status int, answer string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	got, err := (&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, 64<<10))
	if err != nil {
		return 0, err.Error()
	}
	return got.StatusCode, string(text)
}

// gets is call for what must be answered so.
func (d *desk) gets(want int, path, bearer, body string, into any) {
	d.t.Helper()
	status, answer := d.call("POST", path, bearer, body)
	if status != want {
		d.t.Fatalf("%s was answered %d: %s", path, status, answer)
	}
	if err := json.Unmarshal([]byte(answer), into); err != nil {
		d.t.Fatal(err)
	}
}

// passenger is somebody whose application was approved.
type passenger struct {
	path, access, check string
	serial              tokens.Serial
}

// approved goes the way of one more passenger, with what the provider of face checks
// takes as evidence.
func (d *desk) approved(evidence string) passenger {
	d.t.Helper()
	d.people++
	var applied struct {
		Application string
		AccessToken string `json:"access_token"`
	}
	d.gets(http.StatusCreated, "/v1/applications", "", fmt.Sprintf(`{"name":"测试","document_type":"resident_id","document_number":%q,
		"city":"北京","location":{"latitude":39.9,"longitude":116.4},"policy":%q}`, personNumber(d.people), issuance.DefaultPolicy), &applied)
	p := passenger{path: "/v1/applications/" + applied.Application, access: applied.AccessToken}
	var checked struct {
		Check       string
		Application struct{ Serial string }
	}
	d.gets(http.StatusCreated, p.path+"/checks", p.access, fmt.Sprintf(`{"evidence":%q}`, evidence), &checked)
	var err error
	if p.serial, err = tokens.ParseSerial(checked.Application.Serial); err != nil {
		d.t.Fatal(err)
	}
	p.check = checked.Check
	return p
}

// session opens one and returns the key that its pass is signed under.
func (d *desk) session(p passenger) tokens.KeyID {
	d.t.Helper()
	anchor, links := tokens.Chain(tokens.Link{1}, p.serial, tokens.Length)
	var opened struct{ Pass string }
	d.gets(http.StatusCreated, p.path+"/sessions", p.access, fmt.Sprintf(`{"check":%q,"mode":"anchor","anchor":"%x"}`, p.check, anchor), &opened)
	pass, err := hex.DecodeString(opened.Pass)
	if err != nil || len(pass) != tokens.PassSize {
		d.t.Fatalf("a pass of %d bytes", len(pass))
	}
	token := tokens.Assemble((*tokens.SignedPass)(pass), 0, links[0])
	return token.KeyID()
}

// signs is the key that the issuer signs under now.
func (d *desk) signs() tokens.KeyID {
	d.t.Helper()
	return d.session(d.approved("sandbox:pass"))
}

// personNumber is the resident ID number of the n-th test person, born too long ago
// to be anybody.
func personNumber(n int) string {
	return idnumber.Complete(fmt.Sprintf("11010519000101%03d", n))
}

// sql looks into the database, or does there what only time or somebody else could.
func (d *desk) sql(use func(db *sql.DB) error) {
	d.t.Helper()
	s, err := store.Open(d.t.Context(), store.Config{Database: d.config.Database, Partitions: 1})
	if err != nil {
		d.t.Fatal(err)
	}
	defer s.Close()
	if err := use(s.Database().Writer()); err != nil {
		d.t.Fatal(err)
	}
}

// exec runs statements, each with the same arguments.
func (d *desk) exec(args []any, statements ...string) {
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

// trailed lists what the trail has of the acts of one role, oldest first.
func (d *desk) trailed(role string) (acts []string) {
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

// has fails the test for each text that is not in out.
func has(t *testing.T, out string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

// refused fails the test unless the command was refused with these words.
func (d *desk) refused(words string, args ...string) {
	d.t.Helper()
	out, err := d.asks(args...)
	if err == nil || !strings.Contains(err.Error(), words) {
		d.t.Errorf("%v: %v, want %q\n%s", args, err, words, out)
	}
}
