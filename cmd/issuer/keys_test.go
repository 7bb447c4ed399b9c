package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// generatedKey returns the id of the key in a command's output.
func generatedKey(t *testing.T, out string) tokens.KeyID {
	t.Helper()
	m := regexp.MustCompile(`key (\d+) is made`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("the output names no new key:\n%s", out)
	}
	id, err := strconv.Atoi(m[1])
	runtest.Must(t, err)
	return tokens.KeyID(id)
}

// keyRow returns the cells of a key in the output of -list-keys.
func (h *harness) keyRow(id tokens.KeyID) []string {
	h.t.Helper()
	out := h.mustRun("-list-keys")
	row := regexp.MustCompile(fmt.Sprintf(`(?m)^%d  .*$`, id)).FindString(out)
	if row == "" {
		h.t.Fatalf("-list-keys does not list key %d:\n%s", id, out)
	}
	return regexp.MustCompile(`  +`).Split(row, -1)
}

// An operator replaces the issuer key by commands only.
func TestIssuerKeyIsRotated(t *testing.T) {
	h := newHarness(t)
	h.flags = []string{"-key_lead", "3s"}
	old := h.keys.IssuerID
	stop := h.startReady()
	h.wantSigningKey(old)
	if got := h.keyRow(old); got[1] != "active" || got[9] != "1" {
		t.Fatalf("the first key is listed as %q, want active with 1 session", got)
	}
	h.wantError("announce one, and deactivate key", "-by", "night-shift", "-deactivate-key", fmt.Sprint(old))

	fresh := generatedKey(t, h.asOperator("-new-key"))
	if k := h.gateway().Key(fresh); k == nil {
		t.Fatal("the key was published, but the gateway does not know it")
	}
	runtest.Eventually(t, timeout, "the issuer to see the key in the stream", func() bool { return h.keyRow(fresh)[1] == "waiting" })
	h.wantError("can be used from", "-by", "night-shift", "-activate-key", fmt.Sprint(fresh))
	stop() // restart with the new key
	stop = h.startReady()
	from, err := time.Parse(time.RFC3339, h.keyRow(fresh)[5])
	runtest.Must(t, err)
	runtest.Eventually(t, timeout, "the new key to sign", func() bool {
		signed, at := h.signingKey(), time.Now()
		if signed == fresh && at.Before(from) {
			t.Fatalf("key %d signs at %v, before its lead ends at %v", fresh, at, from)
		}
		return signed == fresh
	})
	if got := h.keyRow(old); got[1] != "overlap" {
		t.Fatalf("the old key is listed as %q, want overlap", got)
	}

	runtest.Has(t, h.asOperator("-deactivate-key", fmt.Sprint(old)), "signs no more;")
	runtest.Has(t, h.asOperator("-deactivate-key", fmt.Sprint(old)), "(unchanged: an earlier command did this)")
	h.wantError("can be retired from", "-by", "night-shift", "-retire-key", fmt.Sprint(old))
	secret := filepath.Join(h.config.Keys, fmt.Sprintf("issuer-%d.key", old))
	if _, err := os.Stat(secret); err != nil {
		t.Fatalf("the secret was destroyed although the key could not be retired: %v", err)
	}
	hour := []any{time.Hour.Milliseconds()}
	h.execSQL(hour, `UPDATE issuer_keys SET inactive_ms = inactive_ms - $1`, `UPDATE sessions SET start_ms = start_ms - $1`)
	runtest.Has(t, h.mustRun("-list-keys"), fmt.Sprintf("-retire-key %d", old))
	runtest.Has(t, h.asOperator("-retire-key", fmt.Sprint(old)), "is no longer announced", "is destroyed")
	if _, err := os.Stat(secret); err == nil {
		t.Fatal("the retired key's secret still exists")
	}
	runtest.Has(t, h.asOperator("-retire-key", fmt.Sprint(old)), "(unchanged: an earlier command did this)")
	if got := h.keyRow(old); got[1] != "retired" || got[2] != "no" {
		t.Fatalf("the old key is listed as %q, want retired and no file here", got)
	}
	stop()
	h.startReady()
	h.wantSigningKey(fresh)
	by := "night-shift "
	h.wantAudit("operator", by+"generate_key key:"+fmt.Sprint(fresh), by+"announce_key key:"+fmt.Sprint(fresh),
		by+"deactivate_key key:"+fmt.Sprint(old), by+"retire_key key:"+fmt.Sprint(old))
	h.wantAudit("program", "issuer announce_key key:"+fmt.Sprint(old)) // the issuer's first key needs no command
}

// After the only key is distrusted, the issuer keeps serving but opens no session, and
// the next key signs without waiting for its lead.
func TestOnlyKeyIsDistrusted(t *testing.T) {
	h := newHarness(t)
	h.startReady()
	p := h.approved("sandbox:pass")
	runtest.Has(t, h.asOperator("-distrust-key", fmt.Sprint(h.keys.IssuerID)), "no issuer key is active now. Next: run -new-key")
	runtest.Eventually(t, timeout, "/readyz to answer 503 with the cause", func() bool {
		status, answer := h.readiness()
		return status == 503 && strings.Contains(answer, "is distrusted")
	})
	if status, answer := h.call("GET", "/readyz", "", ""); status != 503 || answer != "{\"ready\":false}" {
		t.Errorf("/readyz of the public listener: %d %s", status, answer)
	}
	if status, answer := h.call("POST", p.Path("/sessions"), p.Access, fmt.Sprintf(`{"check":%q,"mode":"hosted"}`, p.check)); status != 503 {
		t.Errorf("a session was opened under a distrusted key: %d %s", status, answer)
	}
	fresh := generatedKey(t, h.asOperator("-new-key"))
	runtest.Eventually(t, timeout, "the issuer to see the key in the stream", func() bool { return h.keyRow(fresh)[1] == "waiting" })
	runtest.Has(t, h.asOperator("-activate-key", fmt.Sprint(fresh)), "signs from")
	h.flags = []string{"-listen", freePort(t), "-admin", freePort(t)} // a second process, with the new key
	h.client.Issuer = "http://" + h.flags[1]
	h.startReady()
	h.wantSigningKey(fresh)
}
