package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/test/idnumber"
	"github.com/railgate/railgate/tokens"
)

// sessionMargin is how long before its end a session is no longer asked about:
// a question to a paused gateway must still be in time.
const sessionMargin = 2 * time.Minute

// holder is a passenger with an open session; immutable.
type holder struct {
	serial      string
	application string
	access      string
	// leaves: this one closes the page some time, and staff leave the credential alone.
	leaves bool
	pass   tokens.SignedPass
	links  []tokens.Link
	start  int64 // Unix seconds
}

// good reports whether the session is far from its end.
func (h *holder) good(now time.Time) bool {
	end := time.Unix(h.start+tokens.Period*tokens.Length, 0)
	return now.Before(end.Add(-sessionMargin))
}

// text is the code to show in the present step.
func (h *holder) text(now time.Time) string {
	step := max(0, (now.Unix()-h.start)/tokens.Period)
	code := tokens.Assemble(&h.pass, uint8(step), h.links[step])
	return code.Text()
}

// refusal is the reason by which gates refuse the holder in the end.
func (h *holder) refusal() string {
	if h.leaves {
		return "session_closed"
	}
	return "revoked"
}

// newHolder goes a passenger's way through the issuer. Every n is another
// person, since a person has three applications a month.
func (w *world) newHolder(ctx context.Context, n int) (*holder, error) {
	var applied struct {
		Application string
		AccessToken string `json:"access_token"`
	}
	err := w.ask(ctx, "/v1/applications", "", fmt.Sprintf(`{"name":"测试","document_type":"resident_id","document_number":%q,
		"city":"北京","location":{"latitude":39.9,"longitude":116.4},"policy":%q}`, personNumber(n), issuance.DefaultPolicy), &applied)
	if err != nil {
		return nil, err
	}
	path := "/v1/applications/" + applied.Application
	var checked struct {
		Check       string
		Application struct{ Serial string }
	}
	if err := w.ask(ctx, path+"/checks", applied.AccessToken, `{"evidence":"sandbox:pass"}`, &checked); err != nil {
		return nil, err
	}
	serial, err := tokens.ParseSerial(checked.Application.Serial)
	if err != nil {
		return nil, err
	}
	anchor, links := tokens.Chain(tokens.Link{byte(n), byte(n >> 8), byte(n >> 16)}, serial, tokens.Length)
	var opened struct {
		Pass    string
		StartAt int64 `json:"start_at"`
	}
	body := fmt.Sprintf(`{"check":%q,"mode":"anchor","anchor":"%x"}`, checked.Check, anchor)
	if err := w.ask(ctx, path+"/sessions", applied.AccessToken, body, &opened); err != nil {
		return nil, err
	}
	pass, err := hex.DecodeString(opened.Pass)
	if err != nil || len(pass) != tokens.PassSize {
		return nil, fmt.Errorf("the issuer sent a pass of %d bytes", len(pass))
	}
	return &holder{serial: serial.String(), application: applied.Application, access: applied.AccessToken, leaves: n%2 == 1, pass: tokens.SignedPass(pass), links: links, start: opened.StartAt}, nil
}

// ask posts to the issuer and wants a 201.
func (w *world) ask(ctx context.Context, path, bearer, body string, out any) error {
	status, answer, err := post(ctx, w.client, w.issuerURL+path, bearer, "application/json", body)
	if err != nil {
		return err
	}
	if status != http.StatusCreated {
		return fmt.Errorf("a passenger's request was answered with %d", status)
	}
	return json.Unmarshal(answer, out)
}

// personNumber makes the resident ID number of an invented person of a region, a
// day of birth and an order number.
func personNumber(n int) string {
	born := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n/1000)
	return idnumber.Complete(fmt.Sprintf("110105%s%03d", born.Format("20060102"), n%1000))
}
