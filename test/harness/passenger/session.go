package passenger

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/railgate/railgate/tokens"
)

// Session is an open session. In hosted mode the issuer makes the codes, and Pass and Links are
// empty.
type Session struct {
	ID    string
	Of    *Application
	Start int64 // Unix seconds
	Pass  tokens.SignedPass
	Links []tokens.Link
}

// Step returns the step of the session at a time, from 0. After the end it is Length or more.
func (s *Session) Step(now time.Time) int { return int(now.Unix()-s.Start) / tokens.Period }

// Code returns the code of a step, made by the phone.
func (s *Session) Code(step int) tokens.Token {
	return tokens.Assemble(&s.Pass, uint8(step), s.Links[step])
}

// Text returns the text that the phone shows at a time. After the last step it is still the last
// code, as on a phone that is left alone.
func (s *Session) Text(now time.Time) string {
	code := s.Code(min(max(s.Step(now), 0), tokens.Length-1))
	return code.Text()
}

// Show opens a session in anchor mode on a passed check: the phone keeps the seed and makes the
// codes.
func (c *Client) Show(ctx context.Context, a *Application, check string, seed tokens.Link) (*Session, error) {
	anchor, links := tokens.Chain(seed, a.Serial, tokens.Length)
	s, err := c.Anchor(ctx, a, check, anchor)
	if err != nil {
		return nil, err
	}
	s.Links = links
	return s, nil
}

// Anchor is [Client.Show] for callers that already have the anchor; the session has no links.
func (c *Client) Anchor(ctx context.Context, a *Application, check string, anchor tokens.Link) (*Session, error) {
	s, pass, err := c.openSession(ctx, a, map[string]string{"check": check, "mode": "anchor", "anchor": hex.EncodeToString(anchor[:])})
	if err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(pass)
	if err != nil || len(raw) != tokens.PassSize {
		return nil, fmt.Errorf("session: pass: expected %d hex characters", 2*tokens.PassSize)
	}
	s.Pass = tokens.SignedPass(raw)
	var t tokens.Token
	shown := tokens.Assemble(&s.Pass, 0, tokens.Link{})
	if t.Parse(shown.Bytes()) != tokens.ReasonOK {
		return nil, fmt.Errorf("session: pass: a gate could not parse it")
	}
	f := t.Fields()
	if f.Serial != a.Serial || f.Anchor != anchor || f.Start != s.Start || f.Period != tokens.Period || f.Length != tokens.Length {
		return nil, fmt.Errorf("session: pass: its serial, anchor, start, period or length differs from the session's")
	}
	return s, nil
}

// Host opens a hosted session on a passed check.
func (c *Client) Host(ctx context.Context, a *Application, check string) (*Session, error) {
	s, pass, err := c.openSession(ctx, a, map[string]string{"check": check, "mode": "hosted"})
	if err == nil && pass != "" {
		err = fmt.Errorf("session: the answer for a hosted session contains a pass")
	}
	return s, err
}

func (c *Client) openSession(ctx context.Context, a *Application, body map[string]string) (s *Session, pass string, err error) {
	var opened struct {
		Session string `json:"session"`
		Pass    string `json:"pass"`
		Serial  string `json:"serial"`
		StartAt int64  `json:"start_at"`
		Period  int    `json:"period_seconds"`
		Length  int    `json:"length"`
	}
	err = c.Call(ctx, "session", http.MethodPost, a.Path("/sessions"), a.Access, body, http.StatusCreated, &opened)
	if err != nil {
		return nil, "", err
	}
	now := c.Now().Unix()
	if !named(opened.Session, "ses_", 16) || opened.Serial != a.Serial.String() || opened.Period != tokens.Period || opened.Length != tokens.Length ||
		opened.StartAt < now-int64(clockSkew/time.Second) || opened.StartAt > now+1+tokens.Ahead {
		return nil, "", fmt.Errorf("session: the answer's session, serial, start, period or length is not in the form of the contract")
	}
	return &Session{ID: opened.Session, Of: a, Start: opened.StartAt}, opened.Pass, nil
}

// Shown is the issuer's answer with the current code of a hosted session.
type Shown struct {
	Text   string `json:"text"`
	Step   int64  `json:"step"`
	NextAt int64  `json:"next_at"`
	EndsAt int64  `json:"session_ends_at"`
}

// CodePath returns the path of the current code of a hosted session.
func (s *Session) CodePath() string { return "/v1/sessions/" + s.ID + "/code" }

// Code fetches the current code of a hosted session and checks that it belongs to this credential,
// session and step. Only a gate checks its signature.
func (c *Client) Code(ctx context.Context, s *Session) (shown Shown, err error) {
	before := c.Now().Unix()
	err = c.Call(ctx, "code", http.MethodGet, s.CodePath(), s.Of.Access, nil, http.StatusOK, &shown)
	if err != nil {
		return Shown{}, err
	}
	var t tokens.Token
	if t.ParseText([]byte(shown.Text)) != tokens.ReasonOK {
		return Shown{}, fmt.Errorf("code: a gate could not parse it")
	}
	earliest, latest := (before-s.Start)/tokens.Period, (c.Now().Unix()-s.Start)/tokens.Period
	if t.Serial() != s.Of.Serial || t.Start() != s.Start || t.Step() != shown.Step || shown.Step < earliest || shown.Step > latest ||
		shown.NextAt != s.Start+(shown.Step+1)*tokens.Period {
		return Shown{}, fmt.Errorf("code: its serial, start, step or next_at differs from the session's")
	}
	return shown, nil
}
