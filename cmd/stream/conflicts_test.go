package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// passages is a topic of passages beside the control topic of newConfig.
func (c *config) passages(t *testing.T, messages ...[]byte) {
	t.Helper()
	client := &kafkago.Client{Addr: kafkago.TCP(c.Brokers...), Timeout: 10 * time.Second}
	r, err := client.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: "p", NumPartitions: 1, ReplicationFactor: 1}}})
	if err != nil || r.Errors["p"] != nil {
		t.Fatal(err, r)
	}
	for _, m := range messages {
		r, err := client.Produce(t.Context(), &kafkago.ProduceRequest{Topic: "p", RequiredAcks: kafkago.RequireAll,
			Records: kafkago.NewRecordReader(kafkago.Record{Value: kafkago.NewBytes(m)})})
		if err != nil || r.Error != nil {
			t.Fatal(err, r)
		}
	}
	c.Passages, c.Window = "p", passage.CodeLife*time.Millisecond
}

// A code that was shown at two stations, and one that was shown again by a second person at the same station,
// are listed with places, gap and interval; a forged batch and one of an unknown gateway are counted only.
func TestConflictsAreListed(t *testing.T) {
	var keys []ed25519.PrivateKey
	for i := range byte(3) {
		seed := [ed25519.SeedSize]byte{i}
		keys = append(keys, ed25519.NewKeyFromSeed(seed[:]))
	}
	announce := func(first uint64, id revocation.GatewayID) []byte {
		return revocationtest.Seal(revocation.Batch{Epoch: 1, First: first, IssuedAt: at, Through: at}, revocation.Record{
			Kind: revocation.KindAnnounceGateway, At: at, Gateway: id, Public: [32]byte(keys[id].Public().(ed25519.PublicKey))})
	}
	other := tokens.Serial{Day: serial.Day, Index: 43}
	sequence := uint64(0)
	batch := func(by, signed revocation.GatewayID, s tokens.Serial, after int64, station, device string) []byte {
		sequence++
		b := passage.Batch{Gateway: by, Session: at, Sequence: sequence, Issued: at + after, Passages: []passage.Passage{
			{Serial: s, Start: at / 1000, Step: 3, At: at + after, ErrorMS: 100, Station: station, Device: device}}}
		raw, err := b.Seal(keys[signed])
		runtest.Must(t, err)
		return raw
	}
	c := newConfig(t, announce(1, 0), announce(2, 1))
	c.passages(t,
		batch(0, 0, serial, 50, "北京南", "gate-1"),
		batch(1, 1, serial, 7050, "上海虹桥", "gate-9"),
		batch(0, 0, other, 100, "北京南", "gate-1"),
		batch(0, 0, other, 300, "北京南", "gate-2"),
		batch(0, 1, other, 500, "forged", "gate"),
		batch(2, 2, other, 500, "foreign", "gate"))
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	runtest.Must(t, showConflicts(t.Context(), &out, &errs, c))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want a head and two conflicts:\n%s", len(lines), &out)
	}
	runtest.Has(t, lines[1], other.String(), "200ms", "0s and 400ms", "passenger", "北京南 gate-1 (gateway 0)", "北京南 gate-2 (gateway 0)")
	runtest.Has(t, lines[2], serial.String(), "entry", "7s", "6.8s and 7.2s", "fraud", "北京南 gate-1 (gateway 0)", "上海虹桥 gate-9 (gateway 1)")
	runtest.Has(t, errs.String(), "2 conflicts among 4 passages", "4 messages applied", "1 messages signature", "1 messages foreign")

	out.Reset()
	c.JSON = true
	runtest.Must(t, showConflicts(t.Context(), &out, &errs, c))
	lines = strings.Split(strings.TrimSpace(out.String()), "\n")
	var got passage.ConflictLine
	runtest.Must(t, json.Unmarshal([]byte(lines[len(lines)-1]), &got))
	if got.Serial != serial.String() || got.GapMS != 7000 || got.LowMS != 6800 || got.HighMS != 7200 || !got.Certain || got.Class != "fraud" ||
		got.First.Station != "北京南" || got.Second.Gateway != 1 || got.Second.At != clock(at+7050) {
		t.Errorf("%+v", got)
	}
}

func TestConflictsNeedTheTopic(t *testing.T) {
	c := newConfig(t)
	c.passages(t)
	c.Passages = "missing"
	runtest.Must(t, c.Validate())
	if err := showConflicts(t.Context(), &bytes.Buffer{}, &bytes.Buffer{}, c); err == nil || !strings.Contains(err.Error(), "topic missing cannot be read or does not exist") {
		t.Errorf("%v", err)
	}
	c.Conflicts, c.Window = true, time.Minute
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "window") {
		t.Errorf("%v", err)
	}
}
