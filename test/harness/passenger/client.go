package passenger

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/tokens"
)

// Evidence for the sandbox provider of face checks.
const (
	FacePasses = "sandbox:pass"
	FaceFails  = "sandbox:fail"
)

// clockSkew is the maximum age of a session's start by the client's clock: the longest duration of
// a request.
const clockSkew = 10 * time.Second

// Client is a client of one issuer. It is safe for concurrent use.
type Client struct {
	// Immutable.
	Issuer string // base URL
	Send   Sender
	Now    func() time.Time // the issuer's clock, if not the real one

	policy atomic.Pointer[string] // active version of the privacy policy; nil: not fetched yet
}

// New returns a client of the issuer with this base URL.
func New(issuer string, send Sender) *Client {
	return &Client{Issuer: issuer, Send: send, Now: time.Now}
}

// Application is an application of a person who is not logged in.
type Application struct {
	ID, Access string        // Access is the access token
	Serial     tokens.Serial // zero until the application is approved
}

// Call sends a JSON body and decodes the answer into the struct into, which may be nil. A nil body
// sends none; a json.RawMessage is sent unchanged. what names the request in errors.
func (c *Client) Call(ctx context.Context, what, method, path, bearer string, body any, want int, into any) error {
	text, ready := body.(json.RawMessage)
	if body != nil && !ready {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	answer, err := c.Send(ctx, Request{Method: method, URL: c.Issuer + path, Bearer: bearer, Body: text})
	if err != nil {
		return fmt.Errorf("%s: no answer: %w", what, err)
	}
	return answer.Read(what, want, into)
}

// Policy returns the version of the privacy policy to which applicants agree. It is fetched once.
func (c *Client) Policy(ctx context.Context) (string, error) {
	if known := c.policy.Load(); known != nil {
		return *known, nil
	}
	var policy struct {
		Version string `json:"version"`
	}
	if err := c.Call(ctx, "privacy policy", http.MethodGet, "/v1/privacy-policy", "", nil, http.StatusOK, &policy); err != nil {
		return "", err
	}
	if policy.Version == "" {
		return "", fmt.Errorf("privacy policy: the answer has no version")
	}
	c.policy.Store(&policy.Version)
	return policy.Version, nil
}

// Apply submits a person's application.
func (c *Client) Apply(ctx context.Context, p Person) (*Application, error) {
	policy, err := c.Policy(ctx)
	if err != nil {
		return nil, err
	}
	var applied struct {
		Application string `json:"application"`
		Status      string `json:"status"`
		Access      string `json:"access_token"`
	}
	err = c.Call(ctx, "apply", http.MethodPost, "/v1/applications", "", p.Application(policy), http.StatusCreated, &applied)
	if err != nil {
		return nil, err
	}
	if !named(applied.Application, "app_", 16) || !named(applied.Access, "rga_", 32) || applied.Status != "submitted" {
		return nil, fmt.Errorf("apply: the answer's application, access_token or status is not in the form of the contract")
	}
	return &Application{ID: applied.Application, Access: applied.Access}, nil
}

// Check passes a face check of the sandbox. The first one approves the application; each can open
// one session within two minutes.
func (c *Client) Check(ctx context.Context, a *Application) (check string, err error) {
	return c.CheckWith(ctx, a, FacePasses)
}

// CheckWith is [Client.Check] with evidence for another provider.
func (c *Client) CheckWith(ctx context.Context, a *Application, evidence string) (check string, err error) {
	var checked struct {
		Check       string `json:"check"`
		ExpiresAt   int64  `json:"expires_at"`
		Application struct {
			Status    string `json:"status"`
			Serial    string `json:"serial"`
			ExpiresAt int64  `json:"expires_at"`
		} `json:"application"`
	}
	body := map[string]string{"evidence": evidence}
	err = c.Call(ctx, "face check", http.MethodPost, a.Path("/checks"), a.Access, body, http.StatusCreated, &checked)
	if err != nil {
		return "", err
	}
	serial, err := tokens.ParseSerial(checked.Application.Serial)
	switch {
	case checked.Application.Status != "approved":
		return "", fmt.Errorf("face check: it passed but the application is not approved")
	case err != nil, !named(checked.Check, "chk_", 16), checked.ExpiresAt <= c.Now().Unix(), checked.Application.ExpiresAt <= checked.ExpiresAt:
		return "", fmt.Errorf("face check: the answer's check, serial or times are not in the form of the contract")
	case a.Serial != tokens.Serial{} && a.Serial != serial:
		return "", fmt.Errorf("face check: the serial differs from that of the approval")
	}
	if a.Serial != serial { // write once: other goroutines may read it
		a.Serial = serial
	}
	return checked.Check, nil
}

// Approve submits a person's application and passes the face check that approves it.
func (c *Client) Approve(ctx context.Context, p Person) (a *Application, check string, err error) {
	if a, err = c.Apply(ctx, p); err != nil {
		return nil, "", err
	}
	check, err = c.Check(ctx, a)
	return a, check, err
}

// Open applies, passes a face check and opens a session whose seed stays with the phone.
func (c *Client) Open(ctx context.Context, p Person, seed tokens.Link) (*Session, error) {
	a, check, err := c.Approve(ctx, p)
	if err != nil {
		return nil, err
	}
	return c.Show(ctx, a, check, seed)
}

// Leave closes the page. It ends the access token and its sessions' codes.
func (c *Client) Leave(ctx context.Context, a *Application) error {
	return c.Call(ctx, "leave", http.MethodPost, a.Path("/leave"), a.Access, struct{}{}, http.StatusNoContent, nil)
}

// Path returns the path of the application, followed by rest.
func (a *Application) Path(rest string) string { return "/v1/applications/" + a.ID + rest }

// named reports whether text is the prefix and size bytes in lower-case hex.
func named(text, prefix string, size int) bool {
	if len(text) != len(prefix)+2*size || text[:len(prefix)] != prefix {
		return false
	}
	_, err := hex.DecodeString(text[len(prefix):])
	for _, c := range []byte(text[len(prefix):]) {
		if c >= 'A' && c <= 'F' {
			return false
		}
	}
	return err == nil
}
