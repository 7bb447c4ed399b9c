package passenger

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/railgate/railgate/tokens"
)

// Application is one that was approved.
type Application struct {
	id, access string
	Serial     tokens.Serial
}

// Session is an open hosted session.
type Session struct {
	id    string
	of    *Application
	start int64
}

// Approve hands in a person's application and has the real-person check done:
// two calls. The check has approved the application and can still open a session. The
// first callers also ask for the privacy policy, once for each client.
func (c *Client) Approve(p Person) (a *Application, check string, err error) {
	policy, err := c.policyInForce()
	if err != nil {
		return nil, "", err
	}
	body, err := json.Marshal(map[string]any{
		"name": p.Name, "document_type": "resident_id", "document_number": p.Number, "city": "北京",
		"location": map[string]float64{"latitude": 39.8651, "longitude": 116.3785}, // Beijing South station
		"policy":   policy,
	})
	if err != nil {
		return nil, "", err
	}
	var applied struct {
		Application string `json:"application"`
		Status      string `json:"status"`
		Access      string `json:"access_token"`
	}
	err = c.do(call{what: "apply", method: "POST", path: "/v1/applications", body: body, want: 201}, &applied)
	if err != nil {
		return nil, "", err
	}
	if !named(applied.Application, "app_", 16) || !named(applied.Access, "rga_", 32) || applied.Status != "submitted" {
		return nil, "", fmt.Errorf("apply: the answer's application, access_token or status is not of the contract's form")
	}
	a = &Application{id: applied.Application, access: applied.Access}
	check, a.Serial, err = c.check(a)
	return a, check, err
}

// policyInForce is the version of the privacy policy that applicants agree to.
func (c *Client) policyInForce() (string, error) {
	if known := c.policy.Load(); known != nil {
		return *known, nil
	}
	var policy struct {
		Version string `json:"version"`
	}
	if err := c.do(call{what: "policy", method: "GET", path: "/v1/privacy-policy", want: 200}, &policy); err != nil {
		return "", err
	}
	if policy.Version == "" {
		return "", fmt.Errorf("policy: the answer has no version")
	}
	c.policy.Store(&policy.Version)
	return policy.Version, nil
}

// Check has one more real-person check of an approved application done. It can
// open one session within two minutes.
func (c *Client) Check(a *Application) (check string, err error) {
	check, serial, err := c.check(a)
	if err == nil && serial != a.Serial {
		err = fmt.Errorf("check: the serial is not that of the approval")
	}
	return check, err
}

var pass = []byte(`{"evidence":"sandbox:pass"}`)

func (c *Client) check(a *Application) (check string, serial tokens.Serial, err error) {
	var checked struct {
		Check       string `json:"check"`
		ExpiresAt   int64  `json:"expires_at"`
		Application struct {
			Status    string `json:"status"`
			Serial    string `json:"serial"`
			ExpiresAt int64  `json:"expires_at"`
		} `json:"application"`
	}
	err = c.do(call{what: "check", method: "POST", path: "/v1/applications/" + a.id + "/checks", bearer: a.access, body: pass, want: 201}, &checked)
	if err != nil {
		return "", serial, err
	}
	serial, err = tokens.ParseSerial(checked.Application.Serial)
	now := time.Now().Unix()
	switch {
	case checked.Application.Status != "approved":
		return "", serial, fmt.Errorf("check: it passed, and the application is not approved")
	case err != nil, !named(checked.Check, "chk_", 16), checked.ExpiresAt <= now, checked.Application.ExpiresAt <= checked.ExpiresAt:
		return "", serial, fmt.Errorf("check: the answer's check, serial or times are not of the contract's form")
	}
	return checked.Check, serial, nil
}

// Host opens a hosted session on a passed check.
func (c *Client) Host(a *Application, check string) (*Session, error) {
	opened, err := c.open(a, fmt.Appendf(nil, `{"check":%q,"mode":"hosted"}`, check))
	if err != nil {
		return nil, err
	}
	if opened.Pass != "" {
		return nil, fmt.Errorf("session: a hosted one shows its pass")
	}
	return &Session{opened.Session, a, opened.StartAt}, nil
}

// Anchor opens a session in anchor mode on a passed check, and reads the pass.
func (c *Client) Anchor(a *Application, check string, anchor tokens.Link) error {
	opened, err := c.open(a, fmt.Appendf(nil, `{"check":%q,"mode":"anchor","anchor":"%x"}`, check, anchor))
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(opened.Pass)
	if err != nil || len(raw) != tokens.PassSize {
		return fmt.Errorf("session: pass: expected %d hex characters", 2*tokens.PassSize)
	}
	p := tokens.SignedPass(raw)
	var t tokens.Token
	shown := tokens.Assemble(&p, 0, tokens.Link{})
	if t.Parse(shown.Bytes()) != tokens.ReasonOK {
		return fmt.Errorf("session: pass: no gate would parse it")
	}
	if f := t.Fields(); f.Serial != a.Serial || f.Anchor != anchor || f.Start != opened.StartAt {
		return fmt.Errorf("session: pass: its serial, anchor or start is not that of the session")
	}
	return nil
}

// opened is the answer to an opening.
type opened struct {
	Session string `json:"session"`
	Pass    string `json:"pass"`
	Serial  string `json:"serial"`
	StartAt int64  `json:"start_at"`
	Period  int    `json:"period_seconds"`
	Length  int    `json:"length"`
}

func (c *Client) open(a *Application, body []byte) (o opened, err error) {
	err = c.do(call{what: "session", method: "POST", path: "/v1/applications/" + a.id + "/sessions", bearer: a.access, body: body, want: 201}, &o)
	if err != nil {
		return o, err
	}
	now := time.Now().Unix()
	if !named(o.Session, "ses_", 16) || o.Serial != a.Serial.String() || o.Period != tokens.Period || o.Length != tokens.Length ||
		o.StartAt < now-int64(Within/time.Second) || o.StartAt > now+1+tokens.Ahead {
		return o, fmt.Errorf("session: the answer's session, serial, start, period or length is not that of the contract")
	}
	return o, nil
}

// Code fetches the session's current code and looks whether it is one: of this
// credential and session, in the step of now. Its signature is a gate's business.
func (c *Client) Code(s *Session) error {
	var shown struct {
		Text   string `json:"text"`
		Step   int64  `json:"step"`
		NextAt int64  `json:"next_at"`
	}
	before := time.Now().Unix()
	if err := c.do(call{what: "code", method: "GET", path: "/v1/sessions/" + s.id + "/code", bearer: s.of.access, want: 200}, &shown); err != nil {
		return err
	}
	var t tokens.Token
	if t.ParseText([]byte(shown.Text)) != tokens.ReasonOK {
		return fmt.Errorf("code: no gate would parse it")
	}
	earliest, latest := (before-s.start)/tokens.Period, (time.Now().Unix()-s.start)/tokens.Period
	if t.Serial() != s.of.Serial || t.Start() != s.start || t.Step() != shown.Step || shown.Step < earliest || shown.Step > latest ||
		shown.NextAt != s.start+(shown.Step+1)*tokens.Period {
		return fmt.Errorf("code: its serial, start, step or next_at is not that of the session")
	}
	return nil
}

// Revoke withdraws a credential as staff do; accepted means durable.
func (c *Client) Revoke(serial tokens.Serial, staff string) error {
	var accepted struct {
		Serial string `json:"serial"`
	}
	err := c.do(call{what: "revoke", method: "POST", path: "/v1/credentials/" + serial.String() + "/revoke",
		bearer: staff, body: []byte(`{"reason":"staff"}`), want: 202}, &accepted)
	if err == nil && accepted.Serial != serial.String() {
		err = fmt.Errorf("revoke: the answer names another serial")
	}
	return err
}

// named reports whether text is the prefix and size bytes in lower-case hex.
func named(text, prefix string, size int) bool {
	if len(text) != len(prefix)+2*size || text[:len(prefix)] != prefix {
		return false
	}
	for _, c := range []byte(text[len(prefix):]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
