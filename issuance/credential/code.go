package credential

import (
	"context"
	"errors"

	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/tokens"
)

// ShownCode is what a hosted session shows now. Times are Unix seconds but for
// ServerTimeMs.
type ShownCode struct {
	Text          string
	Step          int
	NextAt        int64 // when the next code begins; at the last step, the session's end
	SessionEndsAt int64
	ServerTimeMs  int64
}

// Code gives the current code of a hosted session to the visitor who opened it.
// Asking again, as after a loss of the network, gives the code of that moment
// (rule A10).
func (s *Service) Code(ctx context.Context, v Visitor, session string) (ShownCode, error) {
	if !ids.WellFormed(session, sessionPrefix, ids.IDSize) {
		return ShownCode{}, errNoSession
	}
	row, application, credential, err := s.Store.Viewing(ctx, session)
	if errors.Is(err, store.ErrNotFound) || err == nil && (!v.opens(&application) || !v.opened(&row)) {
		return ShownCode{}, errNoSession
	}
	if err != nil {
		return ShownCode{}, err
	}
	if row.ClosedMs != 0 {
		return ShownCode{}, problem.New(SessionClosed, "the holder ended this session")
	}
	if row.Seed == nil {
		return ShownCode{}, problem.New(SessionNotHosted, "the phone itself makes the codes of this session")
	}
	now := s.Now()
	if err := open(&application, credential, now); err != nil {
		return ShownCode{}, err
	}
	start := row.StartMs / 1000
	end := start + tokens.Period*tokens.Length
	if now.Unix() >= end {
		return ShownCode{}, problem.New(SessionOver, "the code was shown for 30 minutes")
	}
	step := max(0, now.Unix()-start) / tokens.Period
	text, err := s.hostedCode(row, credential.Serial, int(step))
	if err != nil {
		return ShownCode{}, err
	}
	return ShownCode{
		Text: text, Step: int(step),
		NextAt:        start + (step+1)*tokens.Period,
		SessionEndsAt: min(end, credential.ExpiresMs/1000),
		ServerTimeMs:  now.UnixMilli(),
	}, nil
}

var errNoSession = problem.New(SessionNotFound, "this application has no such session")

func (s *Service) hostedCode(row store.Session, serial tokens.Serial, step int) (string, error) {
	seed, err := s.vault.Open(row.Seed, seedPlace(row.ID))
	if err != nil {
		return "", err
	}
	if len(seed) != len(tokens.Link{}) || len(row.Pass) != tokens.PassSize {
		return "", errors.New("issuance: a hosted session's row has another size than was written")
	}
	_, links := tokens.Chain(tokens.Link(seed), serial, tokens.Length)
	token := tokens.Assemble((*tokens.SignedPass)(row.Pass), uint8(step), links[step])
	return token.Text(), nil
}
