package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/bundle/bundletest/vectors"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

var gate7 = bundletest.NewGate(7)

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newReceipt returns a receipt about a code, judged at a time, Unix ms.
func newReceipt(code string, judged int64) []byte {
	return bundle.AppendReceipt(nil, &bundle.Receipt{Code: bundle.HashCode([]byte(code)), Scope: tokens.Entry, Decision: bundle.Denied,
		Reason: "already_used", Scanned: judged, Judged: judged, Watermark: judged - 5, Device: "gate-1"}, gate7)
}

// useTopic runs the command over a topic with the messages.
func (c *config) useTopic(t *testing.T) (string, error) {
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
	err = useKeys(t.Context(), link, c, &out)
	return out.String(), err
}

// A receipt verifies years later: keys are exported while the topic has them, again after a withdrawal, and the
// topic is not needed afterwards.
func TestReceiptVerifiesFromExportedKeys(t *testing.T) {
	keysPath := filepath.Join(t.TempDir(), "keys")
	code := "RG1:SOME CODE"
	receipt := newReceipt(code, at)
	path := write(t, "receipt", []byte(bundle.ReceiptText.EncodeToString(receipt)+"\n"))

	c := newConfig(t, append(bundletest.Keys(gate7), []byte("rubbish"))...)
	c.ExportKeys = keysPath
	if out, err := c.useTopic(t); err != nil || !strings.Contains(out, "1 issuer keys and 1 gateways in 2 signed batches") {
		t.Fatalf("export: %v\n%s", err, out)
	}
	keys, err := keysFrom(keysPath, revocationtest.Pinned())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := showReceipt(&out, path, write(t, "code", []byte(code+"\n")), keys); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"gateway 7", "verdict  deny  reason already_used  scope entry  device \"gate-1\"", "the receipt is about the code in", "genuine", "not withdrawn"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not shown: %q in\n%s", want, out.String())
		}
	}
	if err := showReceipt(&out, path, write(t, "other", []byte("RG1:ANOTHER")), keys); err == nil || !strings.Contains(err.Error(), "another code") {
		t.Errorf("another code: %v", err)
	}
	if err := showReceipt(&out, write(t, "raw", receipt), "", keys); err != nil {
		t.Errorf("as bytes: %v", err)
	}

	// A later topic has only the withdrawal; the file keeps the announcement.
	later := newConfig(t, bundletest.Proof(9, gate7.Withdrawn(at/1000)))
	later.ExportKeys = keysPath
	if out, err := later.useTopic(t); err != nil || !strings.Contains(out, "3 signed batches") {
		t.Fatalf("second export: %v\n%s", err, out)
	}
	if keys, err = keysFrom(keysPath, revocationtest.Pinned()); err != nil {
		t.Fatal(err)
	}
	if err := showReceipt(&out, path, "", keys); !errors.Is(err, bundle.ErrGatewayWithdrawn) {
		t.Errorf("dated at the withdrawal: %v", err)
	}
	if err := showReceipt(&out, write(t, "earlier", newReceipt(code, at-1)), "", keys); err != nil {
		t.Errorf("dated before the withdrawal: %v", err)
	}
}

func TestReceiptVerifiesFromTheTopic(t *testing.T) {
	c := newConfig(t, bundletest.Keys(gate7)...)
	c.Receipt = write(t, "receipt", newReceipt("RG1:CODE", at))
	if out, err := c.useTopic(t); err != nil || !strings.Contains(out, "genuine") {
		t.Errorf("%v\n%s", err, out)
	}
	empty := newConfig(t)
	empty.Receipt = c.Receipt
	if _, err := empty.useTopic(t); !errors.Is(err, bundle.ErrGatewayUnknown) {
		t.Errorf("without an announcement: %v", err)
	}
}

func TestBundleIsShown(t *testing.T) {
	raw := bundletest.Sign(bundletest.Head(bundletest.At), bundletest.Sample(gate7), gate7)
	var out bytes.Buffer
	if err := showBundle(&out, write(t, "bundle", raw), revocationtest.Pinned(), true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"bundle  gateway 7  full", "device \"handheld-3\"", "key 1  ", "1 exempted", "1 revoked  0 unrevoked  1 cutoffs  1 closed sessions  1 forgiven  1 amnesties",
		"2 passages", "6 bookings of train G101", "\n20494-1\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not shown: %q in\n%s", want, out.String())
		}
	}
	raw[len(raw)-1] ^= 1
	if err := showBundle(&out, write(t, "bundle", raw), revocationtest.Pinned(), false); err == nil || !strings.Contains(err.Error(), "(section)") {
		t.Errorf("altered: %v", err)
	}
	if _, err := keysFrom(write(t, "bundle", raw[:9]), revocationtest.Pinned()); err == nil {
		t.Error("keys from a piece of a bundle")
	}
}

// A snapshot and a bundle serve as key files.
func TestKeysFromSnapshotAndBundle(t *testing.T) {
	feed := revocationtest.NewFeed(at)
	feed.Apply(at, gate7.Announced())
	s, ok := feed.Replica.Snapshot("t", at)
	if !ok {
		t.Fatal("no snapshot")
	}
	for name, raw := range map[string][]byte{
		"snapshot": s.Encode(), "bundle": bundletest.Sign(bundletest.Head(bundletest.At), bundletest.Sample(gate7), gate7)} {
		keys, err := keysFrom(write(t, name, raw), revocationtest.Pinned())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, ok := keys.Gateway(revocation.GatewayID(7)); !ok {
			t.Errorf("%s: gateway 7 is missing", name)
		}
	}
}

// The command gives every vector the result that the package gives it.
func TestVectorsThroughTheCommand(t *testing.T) {
	all, err := vectors.ReadFolder("../../bundle/testdata/vectors", 70)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		authority, err := revocation.ParseAuthority(v.Authority)
		if err != nil {
			t.Fatal(err)
		}
		unhex := func(digits string) []byte {
			raw, err := hex.DecodeString(digits)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}
		if v.Receipt != nil && v.Receipt.Raw != "" {
			var proofs [][]byte
			for _, k := range v.Keys {
				proofs = append(proofs, unhex(k))
			}
			keysPath := filepath.Join(t.TempDir(), "keys")
			if _, err := exportKeys(keysPath, proofs, authority); err != nil {
				t.Fatal(err)
			}
			keys, err := keysFrom(keysPath, authority)
			if err != nil {
				t.Fatal(err)
			}
			path := write(t, "receipt", []byte(bundle.ReceiptText.EncodeToString(unhex(v.Receipt.Raw))))
			if err := showReceipt(&bytes.Buffer{}, path, "", keys); bundle.Code(err) != v.Receipt.Expect {
				t.Errorf("%s: %v, want %s", v.Name, err, v.Receipt.Expect)
			}
		}
		for i, d := range v.Bundles {
			raw := unhex(d.Raw)
			_, want := bundle.Open(raw, authority, nil)
			if err := showBundle(&bytes.Buffer{}, write(t, "bundle", raw), authority, false); bundle.Code(err) != bundle.Code(want) {
				t.Errorf("%s, bundle %d: %v, want %v", v.Name, i, err, want)
			}
		}
	}
}
