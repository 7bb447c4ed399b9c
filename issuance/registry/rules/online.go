package rules

import "github.com/railgate/railgate/issuance/problem"

// CanVerifyOnline reports whether an account's own identity may become verified by a face
// check and the resident registry (人证核验, rule G39): a resident ID that is pending or
// failed. An over-long, rare or traditional name is for station windows only (S4:23,
// 仅可), online checks included.
func CanVerifyOnline(a Account) error {
	p := a.Self()
	if kindOf(p.Person.Document) == other {
		return problem.New(StationWindowOnly, "this kind of document is checked at station windows only")
	}
	if err := CanMove(p.Standing(), Standing{p.Person.Document, Verified}, Online); err != nil {
		return err
	}
	if p.Person.WindowOnly() {
		return problem.New(StationWindowOnly, "an over-long, rare or traditional name is handled at station windows only")
	}
	return nil
}
