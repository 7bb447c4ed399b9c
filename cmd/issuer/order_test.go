package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/railgate/railgate/internal/devbroker"
	"github.com/railgate/railgate/internal/runtest"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

const patience = 20 * time.Second

// desk is an issuer's settings, keys and broker.
type desk struct {
	t      *testing.T
	file   string
	config config
	keys   *keystore.Keys
	broker *devbroker.Broker
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	b, err := devbroker.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	dir := t.TempDir()
	d := &desk{t: t, file: filepath.Join(dir, "issuer.toml"), broker: b, config: defaults()}
	if d.keys, err = keystore.Init(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	d.config.Database, d.config.Keys = filepath.Join(dir, "issuer.db"), filepath.Join(dir, "keys")
	d.config.Kafka.Brokers, d.config.Kafka.Replication, d.config.Kafka.Partitions = b.Addresses(), 1, 1
	text := fmt.Sprintf("listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nlog_level = \"error\"\ndatabase = %q\nkeys = %q\n"+
		"[real_person]\nprovider = \"sandbox\"\n[residents]\nprovider = \"sandbox\"\n[kafka]\nbrokers = [%q]\nreplication = 1\npartitions = 1\nheartbeat = \"50ms\"\n",
		d.config.Database, d.config.Keys, b.Addresses()[0])
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
		if err := run(ctx, []string{"-config", d.file}); err != nil {
			d.t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	d.t.Cleanup(stop)
	return stop
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

func (d *desk) order(args ...string) error {
	return run(d.t.Context(), append([]string{"-config", d.file, "-by", "operator"}, args...))
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

func serials(t *testing.T, lines ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "serials")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// An order reaches the gateways whether an issuer runs on the database or not;
// given again it does no harm.
func TestOrdersReachGateways(t *testing.T) {
	for name, running := range map[string]bool{"beside a running issuer": true, "without one": false} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.announce()
			if running {
				d.start()
				runtest.Eventually(t, patience, "the issuer to publish", func() bool {
					db, err := store.Open(t.Context(), store.Config{Database: d.config.Database, Partitions: 1})
					if err != nil {
						t.Fatal(err)
					}
					defer db.Close()
					published, err := db.KeyPublished(t.Context(), d.keys.IssuerID)
					return err == nil && published
				})
			}
			honest := tokens.Serial{Day: uint16(tokens.DayOf(time.Now().Unix())), Index: 17}
			thief := tokens.Serial{Day: honest.Day, Index: 18}
			for range 2 {
				err := d.order("-cut-off-key", fmt.Sprint(d.keys.IssuerID), "-at", "2026-02-10T08:00:00+08:00", "-rescue", serials(t, honest.String()), "-rescue-known")
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := d.order("-cut-off-subject", "0102030405060708"); err != nil {
				t.Fatal(err)
			}
			before := d.gateway().Status(0).Partitions[0].Epoch
			if err := d.order("-restate"); err != nil {
				t.Fatal(err)
			}
			r := d.gateway()
			if epoch := r.Status(0).Partitions[0].Epoch; epoch <= before {
				t.Fatalf("epoch %d after %d: nothing was said again", epoch, before)
			}
			key := r.Key(d.keys.IssuerID)
			if key == nil || key.CutOff != 1770681600 || key.Rescued == nil || !key.Rescued.Has(honest) || key.Rescued.Has(thief) {
				t.Fatalf("the gateway knows the key as %+v", key)
			}
			if before := r.CutOff(tokens.Subject{1, 2, 3, 4, 5, 6, 7, 8}); time.Now().Unix()-before > 60 {
				t.Fatalf("the subject is cut off at %d", before)
			}
		})
	}
}

// Without brokers the order is committed, and the operator is told that it is
// not published yet.
func TestOrderWithoutBrokers(t *testing.T) {
	defer func(was time.Duration) { orderPatience = was }(orderPatience)
	orderPatience = 500 * time.Millisecond
	d := newDesk(t)
	db := d.announce()
	d.broker.Close()
	err := d.order("-cut-off-key", fmt.Sprint(d.keys.IssuerID))
	if err == nil || !strings.Contains(err.Error(), "durable") {
		t.Fatalf("ended with %v", err)
	}
	if cutOff, err := db.KeyCutOff(t.Context(), d.keys.IssuerID); err != nil || cutOff == tokens.Never {
		t.Fatalf("cut off at %d: %v", cutOff, err)
	}
}

// What carryOut prints is what an operator acts on.
func TestOrderSaysWhatItDid(t *testing.T) {
	d := newDesk(t)
	d.announce()
	var out bytes.Buffer
	for range 2 {
		o := &order{key: &store.KeyCutOff{Key: d.keys.IssuerID, CutOff: 1770681600, Who: "operator"}}
		if err := carryOut(t.Context(), &d.config, d.keys, o, &out); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{fmt.Sprintf("2026-02-10T00:00:00Z or later are not good under key %d; 0 more", d.keys.IssuerID), "says already", "published; each gateway"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	o := &order{key: &store.KeyCutOff{Key: 999, CutOff: 1, Who: "operator"}}
	if err := carryOut(t.Context(), &d.config, d.keys, o, &out); err == nil || !strings.Contains(err.Error(), "never announced a key 999") {
		t.Fatalf("an unknown key: %v", err)
	}
}

func TestOrdersThatAreRefused(t *testing.T) {
	now := time.Unix(1770681600, 0)
	for _, c := range []struct {
		flags orderFlags
		want  string
	}{
		{orderFlags{key: "1"}, "-by"},
		{orderFlags{key: "1", by: "a\nb"}, "-by"},
		{orderFlags{key: "1", by: strings.Repeat("x", 65)}, "-by"},
		{orderFlags{by: "x"}, "-by belongs"},
		{orderFlags{key: "1", subject: "00", by: "x"}, "one at a time"},
		{orderFlags{key: "1", restate: true, by: "x"}, "one at a time"},
		{orderFlags{restate: true}, "-by"},
		{orderFlags{at: "2026-02-10T08:00:00Z"}, "belong to -cut-off-key"},
		{orderFlags{known: true}, "belong to -cut-off-key"},
		{orderFlags{before: "2026-02-10T08:00:00Z"}, "belongs to -cut-off-subject"},
		{orderFlags{key: "0", by: "x"}, "1 to 65535"},
		{orderFlags{key: "65536", by: "x"}, "1 to 65535"},
		{orderFlags{key: "1", at: "yesterday", by: "x"}, "-at must be a time"},
		{orderFlags{subject: "0102", by: "x"}, "16 hex digits"},
		{orderFlags{subject: "0102030405060708", before: "8:00", by: "x"}, "-before must be a time"},
		{orderFlags{key: "1", by: "x", rescue: serials(t, "20494-17", "20494-017")}, "line 2"},
		{orderFlags{key: "1", by: "x", rescue: filepath.Join(t.TempDir(), "nowhere")}, "-rescue"},
	} {
		if o, err := c.flags.order(now); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v gives %+v, %v; want an error with %q", c.flags, o, err, c.want)
		}
	}
	if o, err := (&orderFlags{}).order(now); o != nil || err != nil {
		t.Fatalf("no order: %+v, %v", o, err)
	}
	o, err := (&orderFlags{key: "7", by: "x", rescue: serials(t, "20494-17")}).order(now)
	if err != nil || o.key.CutOff != now.Unix() || len(o.key.Rescued) != 1 {
		t.Fatalf("%+v, %v", o, err)
	}
}
