package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/runtest"
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
