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

// made reads the id of a key that a command made.
func made(t *testing.T, out string) tokens.KeyID {
	t.Helper()
	m := regexp.MustCompile(`key (\d+) is made`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no key was made:\n%s", out)
	}
	id, err := strconv.Atoi(m[1])
	runtest.Must(t, err)
	return tokens.KeyID(id)
}

// line is that of a key in the table, and its row.
func (d *system) line(id tokens.KeyID) []string {
	d.t.Helper()
	out := d.does("-list-keys")
	row := regexp.MustCompile(fmt.Sprintf(`(?m)^%d  .*$`, id)).FindString(out)
	if row == "" {
		d.t.Fatalf("key %d is not in\n%s", id, out)
	}
	return regexp.MustCompile(`  +`).Split(row, -1)
}

// One key follows another, by the commands that an operator has.
func TestKeysAreRotated(t *testing.T) {
	d := newSystem(t)
	d.flags = []string{"-key_lead", "3s"}
	old := d.keys.IssuerID
	stop := d.serves()
	d.signsWith(old)
	if got := d.line(old); got[1] != "active" || got[9] != "1" {
		t.Fatalf("%q", got)
	}
	d.refused("announce one, and deactivate key", "-by", "night-shift", "-deactivate-key", fmt.Sprint(old))

	fresh := made(t, d.orders("-new-key"))
	if k := d.gateway().Key(fresh); k == nil {
		t.Fatal("published, and no gateway knows the key")
	}
	runtest.Eventually(t, patience, "the issuer to see that it is in the stream", func() bool { return d.line(fresh)[1] == "waiting" })
	d.refused("can be used from", "-by", "night-shift", "-activate-key", fmt.Sprint(fresh))
	stop() // and starts with the new key
	stop = d.serves()
	from, err := time.Parse(time.RFC3339, d.line(fresh)[5])
	runtest.Must(t, err)
	runtest.Eventually(t, patience, "the new key to sign", func() bool {
		signed, at := d.signs(), time.Now()
		if signed == fresh && at.Before(from) {
			t.Fatalf("key %d signs at %v, and its lead is over at %v", fresh, at, from)
		}
		return signed == fresh
	})
	if got := d.line(old); got[1] != "overlap" {
		t.Fatalf("%q", got)
	}

	runtest.Has(t, d.orders("-deactivate-key", fmt.Sprint(old)), "signs nothing more;")
	runtest.Has(t, d.orders("-deactivate-key", fmt.Sprint(old)), "says already")
	d.refused("can be retired from", "-by", "night-shift", "-retire-key", fmt.Sprint(old))
	secret := filepath.Join(d.config.Keys, fmt.Sprintf("issuer-%d.key", old))
	if _, err := os.Stat(secret); err != nil {
		t.Fatalf("a key that may not be retired lost its secret: %v", err)
	}
	hour := []any{time.Hour.Milliseconds()}
	d.exec(hour, `UPDATE issuer_keys SET inactive_ms = inactive_ms - $1`, `UPDATE sessions SET start_ms = start_ms - $1`)
	runtest.Has(t, d.does("-list-keys"), fmt.Sprintf("-retire-key %d", old))
	runtest.Has(t, d.orders("-retire-key", fmt.Sprint(old)), "announced no more", "is destroyed")
	if _, err := os.Stat(secret); err == nil {
		t.Fatal("the secret is still there")
	}
	runtest.Has(t, d.orders("-retire-key", fmt.Sprint(old)), "says already")
	if got := d.line(old); got[1] != "retired" || got[2] != "no" {
		t.Fatalf("%q", got)
	}
	stop()
	d.serves()
	d.signsWith(fresh)
	by := "night-shift "
	d.hasActs("operator", by+"generate_key key:"+fmt.Sprint(fresh), by+"announce_key key:"+fmt.Sprint(fresh),
		by+"deactivate_key key:"+fmt.Sprint(old), by+"retire_key key:"+fmt.Sprint(old))
	d.hasActs("program", "issuer announce_key key:"+fmt.Sprint(old)) // without an order
}

// A leak: the only key is cut off, the issuer serves on, and staff go on revoking;
// the next key need not wait.
func TestTheOnlyKeyIsCutOff(t *testing.T) {
	d := newSystem(t)
	d.serves()
	p := d.approved("sandbox:pass")
	runtest.Has(t, d.orders("-distrust-key", fmt.Sprint(d.keys.IssuerID)), "no issuer key is active now: -new-key makes one")
	runtest.Eventually(t, patience, "the issuer to say that it is not ready, and why", func() bool {
		status, answer := d.readiness()
		return status == 503 && strings.Contains(answer, "is distrusted")
	})
	if status, answer := d.call("GET", "/readyz", "", ""); status != 503 || answer != "{\"ready\":false}" {
		t.Errorf("the public listener says %d %s", status, answer)
	}
	if status, answer := d.call("POST", p.Path("/sessions"), p.Access, fmt.Sprintf(`{"check":%q,"mode":"hosted"}`, p.check)); status != 503 {
		t.Errorf("a session under a key that is cut off: %d %s", status, answer)
	}
	fresh := made(t, d.orders("-new-key"))
	runtest.Eventually(t, patience, "the issuer to see that it is in the stream", func() bool { return d.line(fresh)[1] == "waiting" })
	runtest.Has(t, d.orders("-activate-key", fmt.Sprint(fresh)), "signs from")
	d.flags = []string{"-listen", freePort(t), "-admin", freePort(t)} // a second process that holds the new key
	d.client.Issuer = "http://" + d.flags[1]
	d.serves()
	d.signsWith(fresh)
}
