package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// An order reaches the gateways whether an issuer runs on the database or not;
// given again it does no harm.
func TestOrdersReachGateways(t *testing.T) {
	for name, running := range map[string]bool{"beside a running issuer": true, "without one": false} {
		t.Run(name, func(t *testing.T) {
			d := newSystem(t)
			d.announce()
			if running {
				d.start()
				runtest.Eventually(t, patience, "the issuer to publish", func() bool {
					db := d.openDatabase()
					defer db.Close()
					published, err := d.keyStore(db).Published(t.Context(), d.keys.IssuerID)
					return err == nil && published
				})
			}
			honest := tokens.Serial{Day: uint16(tokens.DayOf(time.Now().Unix())), Index: 17}
			thief := tokens.Serial{Day: honest.Day, Index: 18}
			for range 2 {
				d.orders("-distrust-key", fmt.Sprint(d.keys.IssuerID), "-at", "2026-02-10T08:00:00+08:00", "-exempt", d.textFile("serials", honest.String()+"\n"), "-exempt-known")
			}
			d.orders("-revoke-subject", "0102030405060708")
			before := d.gateway().Status(0).Partitions[0].Epoch
			d.orders("-republish")
			r := d.gateway()
			if epoch := r.Status(0).Partitions[0].Epoch; epoch <= before {
				t.Fatalf("epoch %d after %d: nothing was said again", epoch, before)
			}
			key := r.Key(d.keys.IssuerID)
			if key == nil || key.CutOff != 1770681600 || key.Exempted == nil || !key.Exempted.Has(honest) || key.Exempted.Has(thief) {
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
	defer func(was time.Duration) { publishTimeout = was }(publishTimeout)
	publishTimeout = 500 * time.Millisecond
	d := newSystem(t)
	db := d.announce()
	d.broker.Close()
	d.refused("durable", "-by", "night-shift", "-distrust-key", fmt.Sprint(d.keys.IssuerID))
	if cutOff, err := keyring.CutoffOf(t.Context(), db.Database().Writer(), d.keys.IssuerID); err != nil || cutOff == tokens.Never {
		t.Fatalf("cut off at %d: %v", cutOff, err)
	}
}

// What an order prints is what an operator acts on.
func TestOrderSaysWhatItDid(t *testing.T) {
	d := newSystem(t)
	d.announce()
	out := ""
	for range 2 {
		out += d.orders("-distrust-key", fmt.Sprint(d.keys.IssuerID), "-at", "2026-02-10T08:00:00+08:00")
	}
	runtest.Has(t, out, fmt.Sprintf("2026-02-10T00:00:00Z or later are not good under key %d; 0 more", d.keys.IssuerID), "says already", "published; each gateway",
		"no issuer key is active")
	d.refused("never announced a key 999", "-by", "night-shift", "-distrust-key", "999")
}

// What cannot be meant is refused before anything is opened.
func TestCommandsThatAreRefused(t *testing.T) {
	d := newSystem(t)
	by := []string{"-by", "night-shift"}
	for want, args := range map[string][]string{
		"-by must name":                         {"-distrust-key", "1"},
		"without control characters":            {"-by", "a\nb", "-republish"},
		"of 1 to 64 bytes":                      {"-by", strings.Repeat("x", 65), "-republish"},
		"-by belongs to -new-key, ":             by,
		"-distrust-key and -revoke-subject are": append(by, "-distrust-key", "1", "-revoke-subject", "00"),
		"-new-key and -republish are":           append(by, "-republish", "-new-key"),
		"-at belongs to -distrust-key":          append(by, "-at", "2026-02-10T08:00:00Z", "-republish"),
		"-exempt-known belongs to":              {"-exempt-known"},
		"-before belongs to -revoke-subject, -unrevoke-by, -audit-log, -archive-audit-log": append(by, "-before", "2026-02-10T08:00:00Z", "-republish"),
		"-distrust-key must be a key id":   append(by, "-distrust-key", "65536"),
		"-deactivate-key must be a key id": append(by, "-deactivate-key", "0"),
		"-at must be a time":               append(by, "-distrust-key", "1", "-at", "yesterday"),
		"-from must be a time":             append(by, "-activate-key", "1", "-from", "8:00"),
		"16 hex digits":                    append(by, "-revoke-subject", "0102"),
		"-before must be a time":           append(by, "-revoke-subject", "0102030405060708", "-before", "8:00"),
		"line 2":                           append(by, "-distrust-key", "1", "-exempt", d.textFile("serials", "20494-17\n20494-017\n")),
		"-exempt: open":                    append(by, "-distrust-key", "1", "-exempt", filepath.Join(t.TempDir(), "nowhere")),
		"an anchor is written":             {"-verify-audit-log", "-anchor", "17"},
		"-init needs DIR":                  {"-init", ""},
		"-roles must name":                 {"-new-staff", "desk"},
		"-drop-field-key must be":          append(by, "-drop-field-key", "0"),
	} {
		if out, err := d.asks(args...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(out, "committed") {
			t.Errorf("%q: %v; want an error with %q\n%s", args, err, want, out)
		}
	}
	if _, err := os.Stat(d.config.Database); err == nil {
		t.Error("the database was made")
	}
}

// An issuer with a mistyped topic does not start beside the right one, and makes no
// topic. The stream is moved by an order, once every issuer is stopped.
func TestTheStreamIsMovedOnPurposeOnly(t *testing.T) {
	d := newSystem(t)
	stop := d.serves()
	subject, now := tokens.Subject{1, 2, 3, 4, 5, 6, 7, 8}, time.Now()
	d.orders("-revoke-subject", "0102030405060708", "-before", now.Format(time.RFC3339))

	mistyped := []string{"-kafka.topic", "railgate.contrl", "-listen", freePort(t), "-admin", freePort(t)}
	d.refused(`topic "railgate.control" with 1 partitions; the settings name "railgate.contrl" with 1`, mistyped...)
	d.refused(`the settings name "railgate.control" with 2`, "-kafka.partitions", "2", "-listen", freePort(t), "-admin", freePort(t))
	if d.broker.Cluster.TopicInfo("railgate.contrl") != nil {
		t.Error("an issuer made the mistyped topic")
	}

	d.refused("stop every issuer", "-kafka.topic", "railgate.control.2", "-by", "night-shift", "-move-stream")
	stop()
	d.flags = []string{"-kafka.topic", "railgate.control.2"}
	d.config.Kafka.Topic = "railgate.control.2"
	runtest.Has(t, d.orders("-move-stream"), `the stream is topic railgate.control.2 with 1 partitions`, "published;", "Give every gateway the same")
	d.serves()
	if status, answer := d.readiness(); status != http.StatusOK {
		t.Fatalf("/readyz says %d %s", status, answer)
	}
	runtest.Eventually(t, patience, "what was ordered before at a gateway of the new topic", func() bool { return d.gateway().CutOff(subject) == now.Unix() })
	d.flags = []string{"-listen", freePort(t), "-admin", freePort(t)}
	d.refused(`topic "railgate.control.2" with 1 partitions; the settings name "railgate.control"`)
}
