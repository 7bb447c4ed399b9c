package main

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/test/idnumber"
	"github.com/railgate/railgate/tokens"
)

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
