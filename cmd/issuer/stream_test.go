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

// A command's change reaches gateways whether an issuer runs on the database or not. The
// command can be repeated.
func TestCommandsReachGateways(t *testing.T) {
	for name, running := range map[string]bool{"beside a running issuer": true, "without one": false} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.announce()
			if running {
				h.startIssuer()
				runtest.Eventually(t, timeout, "the issuer to publish", func() bool {
					db := h.openDatabase()
					defer db.Close()
					published, err := h.keyStore(db).Published(t.Context(), h.keys.IssuerID)
					return err == nil && published
				})
			}
			honest := tokens.Serial{Day: uint16(tokens.DayOf(time.Now().Unix())), Index: 17}
			thief := tokens.Serial{Day: honest.Day, Index: 18}
			for range 2 {
				h.asOperator("-distrust-key", fmt.Sprint(h.keys.IssuerID), "-at", "2026-02-10T08:00:00+08:00", "-exempt", h.textFile("serials", honest.String()+"\n"), "-exempt-known")
			}
			h.asOperator("-revoke-subject", "0102030405060708")
			before := h.gateway().Status(0).Partitions[0].Epoch
			h.asOperator("-republish")
			r := h.gateway()
			if epoch := r.Status(0).Partitions[0].Epoch; epoch <= before {
				t.Fatalf("epoch %d after %d: nothing was republished", epoch, before)
			}
			key := r.Key(h.keys.IssuerID)
			if key == nil || key.Cutoff != 1770681600 || key.Exempted == nil || !key.Exempted.Has(honest) || key.Exempted.Has(thief) {
				t.Fatalf("the gateway has the key %+v", key)
			}
			if before := r.Cutoff(tokens.Subject{1, 2, 3, 4, 5, 6, 7, 8}); time.Now().Unix()-before > 60 {
				t.Fatalf("the gateway's cutoff of the subject is %d", before)
			}
		})
	}
}

// Without brokers a command commits its change and reports that it is not published.
func TestCommandWithoutBrokersCommits(t *testing.T) {
	defer func(was time.Duration) { publishTimeout = was }(publishTimeout)
	publishTimeout = 500 * time.Millisecond
	h := newHarness(t)
	db := h.announce()
	h.broker.Close()
	h.wantError("durable", "-by", "night-shift", "-distrust-key", fmt.Sprint(h.keys.IssuerID))
	if cutoff, err := keyring.CutoffOf(t.Context(), db.Database().Writer(), h.keys.IssuerID); err != nil || cutoff == tokens.Never {
		t.Fatalf("the key's cutoff in the database is %d: %v", cutoff, err)
	}
}

// A command prints the change it made and the operator's next step.
func TestDistrustKeyPrintsItsResult(t *testing.T) {
	h := newHarness(t)
	h.announce()
	out := ""
	for range 2 {
		out += h.asOperator("-distrust-key", fmt.Sprint(h.keys.IssuerID), "-at", "2026-02-10T08:00:00+08:00")
	}
	runtest.Has(t, out, fmt.Sprintf("2026-02-10T00:00:00Z or later under key %d; 0 more", h.keys.IssuerID), "(unchanged: an earlier command did this)", "published; a gateway",
		"no issuer key is active")
	h.wantError("no gateway knows key 999: it was never announced", "-by", "night-shift", "-distrust-key", "999")
}

// Invalid command lines are refused before the database is opened.
func TestInvalidCommandLinesAreRefused(t *testing.T) {
	h := newHarness(t)
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
		"line 2":                           append(by, "-distrust-key", "1", "-exempt", h.textFile("serials", "20494-17\n20494-017\n")),
		"-exempt: open":                    append(by, "-distrust-key", "1", "-exempt", filepath.Join(t.TempDir(), "nowhere")),
		"-anchor: ":                        {"-verify-audit-log", "-anchor", "17"},
		"-init needs DIR":                  {"-init", ""},
		"-roles must name":                 {"-new-staff", "desk"},
		"-drop-field-key must be":          append(by, "-drop-field-key", "0"),
	} {
		if out, err := h.runCommand(args...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(out, "committed") {
			t.Errorf("%q: %v; want an error with %q\n%s", args, err, want, out)
		}
	}
	if _, err := os.Stat(h.config.Database); err == nil {
		t.Error("an invalid command line created the database")
	}
}

// An issuer with a mistyped topic does not start and creates no topic. -move-stream moves
// the stream once every issuer is stopped.
func TestStreamMovesByCommandOnly(t *testing.T) {
	h := newHarness(t)
	stop := h.startReady()
	subject, now := tokens.Subject{1, 2, 3, 4, 5, 6, 7, 8}, time.Now()
	h.asOperator("-revoke-subject", "0102030405060708", "-before", now.Format(time.RFC3339))

	mistyped := []string{"-kafka.topic", "railgate.contrl", "-listen", freePort(t), "-admin", freePort(t)}
	h.wantError(`topic "railgate.control" with 1 partitions; the settings name "railgate.contrl" with 1`, mistyped...)
	h.wantError(`the settings name "railgate.control" with 2`, "-kafka.partitions", "2", "-listen", freePort(t), "-admin", freePort(t))
	if h.broker.Cluster.TopicInfo("railgate.contrl") != nil {
		t.Error("an issuer created the mistyped topic")
	}

	h.wantError("stop every issuer", "-kafka.topic", "railgate.control.2", "-by", "night-shift", "-move-stream")
	stop()
	h.flags = []string{"-kafka.topic", "railgate.control.2"}
	h.config.Kafka.Topic = "railgate.control.2"
	runtest.Has(t, h.asOperator("-move-stream"), `the stream is topic railgate.control.2 with 1 partitions`, "published;", "at every gateway and restart it")
	h.startReady()
	if status, answer := h.readiness(); status != http.StatusOK {
		t.Fatalf("/readyz after the move: %d %s", status, answer)
	}
	runtest.Eventually(t, timeout, "the earlier revocation at a gateway of the new topic", func() bool { return h.gateway().Cutoff(subject) == now.Unix() })
	h.flags = []string{"-listen", freePort(t), "-admin", freePort(t)}
	h.wantError(`topic "railgate.control.2" with 1 partitions; the settings name "railgate.control"`)
}
