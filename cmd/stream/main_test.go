package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

const at = int64(1_770_681_600_000) // Unix ms

var serial = tokens.Serial{Day: uint16(tokens.DayOf(at / 1000)), Index: 42}

// newConfig starts a broker with a topic of one partition that contains the messages.
func newConfig(t *testing.T, messages ...[]byte) *config {
	t.Helper()
	b, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	client := &kafkago.Client{Addr: kafkago.TCP(b.Addresses()...), Timeout: 10 * time.Second}
	if r, err := client.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: "t", NumPartitions: 1, ReplicationFactor: 1}}}); err != nil || r.Errors["t"] != nil {
		t.Fatal(err, r)
	}
	for _, m := range messages {
		r, err := client.Produce(t.Context(), &kafkago.ProduceRequest{Topic: "t", RequiredAcks: kafkago.RequireAll,
			Records: kafkago.NewRecordReader(kafkago.Record{Value: kafkago.NewBytes(m)})})
		if err != nil || r.Error != nil {
			t.Fatal(err, r)
		}
	}
	public := revocationtest.Authority.Public()
	return &config{Brokers: b.Addresses(), Topic: "t", Window: passage.CodeLife * time.Millisecond, Partition: -1, Authority: hex.EncodeToString(public[:])}
}

func (c *config) show(t *testing.T) (string, *printer) {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	link, err := kafka.Open(kafka.Config{Brokers: c.Brokers, Topic: c.Topic, ClientID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	var out bytes.Buffer
	p := &printer{out: &out, json: c.JSON, authority: c.authority, replicas: map[int]*numbering{}}
	if err := follow(t.Context(), link, c, p); err != nil {
		t.Fatal(err)
	}
	return out.String(), p
}

func TestEveryMessageIsShownWithItsOutcome(t *testing.T) {
	seal := func(first uint64, records ...revocation.Record) []byte {
		return revocationtest.Seal(revocation.Batch{Epoch: 3, First: first, IssuedAt: at, Through: at - 5}, records...)
	}
	_, announce := revocationtest.Gateway(300)
	forged := seal(3)
	forged[len(forged)-1] ^= 1
	c := newConfig(t,
		seal(1, revocation.Record{Kind: revocation.KindRevoke, At: at - 7, Serial: serial},
			revocation.Record{Kind: revocation.KindExempt, Key: 7, Serial: serial}),
		seal(3), forged, []byte("rubbish"),
		seal(5, revocation.Record{Kind: revocation.KindRevokeSubject, Subject: tokens.Subject{1}, Cutoff: at / 1000}),
		seal(5, revocation.Record{Kind: revocation.KindRevokeSubject, Subject: tokens.Subject{1}, Cutoff: at / 1000}),
		seal(6, revocation.Record{Kind: revocation.KindRevokeSession, At: at, Serial: serial, Start: at/1000 - 60}),
		seal(7, announce, revocation.Record{Kind: revocation.KindWithdrawGateway, Gateway: 0, Cutoff: at / 1000},
			revocation.Record{Kind: revocation.KindForgive, At: at, Serial: serial},
			revocation.Record{Kind: revocation.KindAmnesty, Scopes: tokens.Scopes(tokens.Entry | tokens.Exit), From: at / 1000, Until: at/1000 + 60},
			revocation.Record{Kind: revocation.KindAmnesty, Scopes: tokens.Scopes(tokens.Exit), Station: revocation.Station{1}, From: at / 1000, Until: at/1000 + 60},
			revocation.Record{Kind: revocation.KindEndAmnesty, Scopes: tokens.Scopes(tokens.Exit), From: at / 1000, Until: at/1000 + 60, Cutoff: at/1000 + 30}),
		revocationtest.SealUnknown(revocation.Batch{Epoch: 4, First: 1, IssuedAt: at, Through: at}, 200))
	text, p := c.show(t)
	for _, want := range []string{
		"0         0  records    epoch 3  number 1  issued 2026-02-10T00:00:00.000Z  through 2026-02-09T23:59:59.995Z\n",
		"             1  revoke            20494-42  accepted 2026-02-09T23:59:59.993Z\n",
		"             2  exempt            key 7  20494-42\n",
		"0         1  heartbeat  epoch 3  number 3",
		"0         2  forged     108 bytes\n",
		"0         3  unreadable  7 bytes\n",
		"(numbers 3 to 4 are missing)\n",
		"  revoke_subject    subject 0100000000000000  cutoff 2026-02-10T00:00:00.000Z\n",
		"             6  revoke_session    20494-42  start 2026-02-09T23:59:00.000Z  accepted 2026-02-10T00:00:00.000Z\n",
		"             7  announce_gateway  gateway 300  public " + hex.EncodeToString(announce.Public[:]) + "\n",
		"             8  withdraw_gateway  gateway 0  cutoff 2026-02-10T00:00:00.000Z\n",
		"             9  forgive           20494-42  accepted 2026-02-10T00:00:00.000Z\n",
		"            10  amnesty           scopes entry,exit  station all  from 2026-02-10T00:00:00.000Z  until 2026-02-10T00:01:00.000Z\n",
		"            11  amnesty           scopes exit  station 0100000000000000  from",
		"            12  end_amnesty       cutoff 2026-02-10T00:00:30.000Z  scopes exit  station all  from 2026-02-10T00:00:00.000Z  until 2026-02-10T00:01:00.000Z\n",
		"(repeats numbers)\n",
		"(new epoch)\n",
		"             1  unknown",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not shown: %q", want)
		}
	}
	if got := p.summary(); got != "9 messages: 1 heartbeats, 12 records, 2 refused, 1 gaps" {
		t.Errorf("summary %q", got)
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestLastMessagesAreShownAsJSON(t *testing.T) {
	beat := revocationtest.Seal(revocation.Batch{Epoch: 3, First: 1, IssuedAt: at})
	c := newConfig(t, beat, beat, beat)
	c.From, c.JSON = "-2", true
	text, p := c.show(t)
	want := `{"partition":0,"offset":1,"bytes":108,"outcome":"heartbeat","epoch":3,"first":1,"issued":"2026-02-10T00:00:00.000Z"}`
	if p.messages != 2 || !strings.HasPrefix(text, want) {
		t.Errorf("%d messages: %s", p.messages, text)
	}
}

func TestSnapshotAndHighWaterMarkAreShown(t *testing.T) {
	feed := revocationtest.NewFeed(at, tokens.Key{ID: 9, Public: signing.NewKey([32]byte{9}).Public(), Cutoff: 77})
	feed.Revoke(at, serial)
	feed.Close(at+7000, tokens.Pass{Serial: serial, Start: at/1000 - 60})
	feed.Announce(at, 300)
	feed.Apply(at, revocation.Record{Kind: revocation.KindWithdrawGateway, Gateway: 300, Cutoff: 78}, revocation.Record{Kind: revocation.KindForgive, At: at, Serial: serial},
		revocation.Record{Kind: revocation.KindAmnesty, Scopes: tokens.Scopes(tokens.Entry), From: at / 1000, Until: at/1000 + 60})
	s, ok := feed.Replica.Snapshot("t", at)
	if !ok {
		t.Fatal("no snapshot")
	}
	mark := feed.Replica.HighWaterMark("t")
	dir := t.TempDir()
	snapshotPath, markPath := filepath.Join(dir, "s"), filepath.Join(dir, "r")
	for path, raw := range map[string][]byte{snapshotPath: s.Encode(), markPath: mark.Encode()} {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := showSnapshot(&out, snapshotPath, revocationtest.Pinned(), true); err != nil {
		t.Fatal(err)
	}
	if err := showHighWaterMark(&out, markPath); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"topic t", "next number 9", "gateway 300", "cutoff 1970-01-01T00:01:18.000Z", "1 forgiven serials\namnesty  scopes entry  station all  from 2026-02-10T00:00:00.000Z", "forgiven 20494-42  until 2026-02-10T00:00:00.000Z\n", "session 20494-42  start 2026-02-09T23:59:00.000Z  closed 2026-02-10T00:00:07.000Z\n", "key 9", "cutoff 1970-01-01T00:01:17.000Z", "(2026-02-09T16:00:00.000Z)  1 revoked", "\n20494-42\n", "high-water mark  topic t"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not shown: %q in\n%s", want, out.String())
		}
	}
	if err := showHighWaterMark(&out, snapshotPath); err == nil {
		t.Error("a snapshot was read as a high-water mark")
	}
	var unverified bytes.Buffer
	if err := showSnapshot(&unverified, snapshotPath, nil, false); err != nil || strings.Contains(unverified.String(), "key 9") || !strings.Contains(unverified.String(), "3 signed batches about keys") {
		t.Errorf("without the authority: %v\n%s", err, unverified.String())
	}
	other, err := revocation.NewAuthority(signing.NewKey([32]byte{9}).Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := showSnapshot(&out, snapshotPath, other, false); err == nil || !strings.Contains(err.Error(), "do not verify") {
		t.Errorf("under another authority: %v", err)
	}
}
