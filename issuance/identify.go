package issuance

import (
	"context"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/attempts"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/realperson"
	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/issuance/residents"
)

// Identify has a person seen by the provider, and then asks the resident registry whether
// name and number belong together: for whoever else needs to know who somebody is (rule
// G39). Throttles and locks are those of the checks of applications, and no application
// is used up. guard refuses if too many checks have failed meanwhile: ask it in the
// transaction that acts on the answer. A card that was reported lost is still the person's.
func (s *Service) Identify(ctx context.Context, p realperson.Person, evidence string, from attempts.Caller) (provider string, guard func(context.Context, database.Queries) error, err error) {
	seen, err := s.show(ctx, p, evidence, from)
	if err != nil {
		return "", nil, err
	}
	// Asked before anything is told of the person.
	if err := s.Store.Database().View(ctx, "look for locks", seen.guard); err != nil {
		return "", nil, err
	}
	match, err := s.lookUp(ctx, p)
	switch {
	case ctx.Err() != nil:
		return "", nil, ctx.Err() // the caller went away
	case match == residents.Matched, match == residents.Lost:
		return seen.label, seen.guard, nil
	case match == residents.NotMatched:
		return "", nil, refusal.New(IdentityNotConfirmed, "the resident registry does not confirm name and number")
	case match == residents.Cancelled:
		return "", nil, refusal.New(DocumentCancelled, "the resident registry has the card as cancelled")
	}
	s.Log.Warn("resident registry did not answer", zap.Error(err))
	return "", nil, refusal.New(IdentifyUnavailable, "the resident registry cannot be asked now; nothing was changed")
}

<<<<<<< HEAD
// lookUp asks the resident registry, within its bound.
func (s *Service) lookUp(ctx context.Context, p realperson.Person) (residents.Match, error) {
	bounded, cancel := context.WithTimeout(ctx, s.LookupTimeout)
	defer cancel()
	match, err := s.Residents.Lookup(bounded, residents.Person{Name: p.Name, Document: p.Document, Number: p.Number})
	s.metrics.lookups.WithLabelValues(match.String()).Inc()
	return match, err
=======
// unreadCode stands in the audit log for the serial of something that is no code.
const unreadCode = "unread"

// judge asks the one checker that gateways ask, with what the database says.
func (s *Service) judge(code *tokens.Token, truth *store.Truth, now int64, scope tokens.Scope) (tokens.Reason, error) {
	keys := &tokens.KeySet{}
	if truth.Public != nil {
		key, err := s.verifier(code.KeyID(), truth.Public)
		if err != nil {
			return tokens.ReasonInternal, err
		}
		key.CutOff = truth.CutOff
		if truth.Rescued {
			key.Rescued = all{}
		}
		if keys, err = tokens.NewKeySet(key); err != nil {
			return tokens.ReasonInternal, fmt.Errorf("issuance: key %d: %w", code.KeyID(), err)
		}
	}
	checker := tokens.Checker{Keys: keys, Revocations: claims{truth}}
	return checker.Check(code, now, scope), nil
}

// verifier is a key that is ready to verify. One is prepared once: an id is never
// bound to another public key.
func (s *Service) verifier(id tokens.KeyID, public []byte) (tokens.Key, error) {
	if known, ok := s.verifiers.Load(id); ok && string(known.(*tokens.Key).Public[:]) == string(public) {
		return *known.(*tokens.Key), nil
	}
	key := &tokens.Key{ID: id, CutOff: tokens.Never}
	if copy(key.Public[:], public) != len(key.Public) {
		return tokens.Key{}, fmt.Errorf("issuance: key %d has another size than was written", id)
	}
	if err := key.Prepare(false); err != nil {
		return tokens.Key{}, fmt.Errorf("issuance: key %d: %w", id, err)
	}
	s.verifiers.Store(id, key)
	return *key, nil
}

// claims are the Revocations of the one code that the truth was asked for.
type claims struct{ truth *store.Truth }

func (c claims) Revoked(tokens.Serial) bool {
	has := c.truth.Credential
	return has != nil && (has.RevokedMs != 0 || has.Superseded)
}
func (c claims) CutOff(tokens.Subject) int64             { return c.truth.SubjectCutOff }
func (c claims) Closed(tokens.Serial, int64, int64) bool { return c.truth.Closed }

// all is the set of the one serial that was asked for.
type all struct{}

func (all) Has(tokens.Serial) bool { return true }

// newTakes bounds what one credential learns.
func newTakes(c *Config) (identifications, subjects *attempts.Takes, err error) {
	identifications, err = attempts.NewTakes(c.Identifications, staff.IdentificationsSpent, "this credential has identified as many passengers as it may", c.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("issuance: %w", err)
	}
	subjects, err = attempts.NewTakes(c.Subjects, staff.SubjectsSpent, "this credential has asked for as many pseudonyms as it may today", c.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("issuance: %w", err)
	}
	return identifications, subjects, nil
>>>>>>> c936e8b (issuance, docs: from a code to the person, pseudonyms of a day, one-time account codes)
}
