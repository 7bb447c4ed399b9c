package rules

import "time"

// Account is what the rules look at in a registered account.
type Account struct {
	private
	Person Person
	Status Status
	Phone  string
	Email  string
	// Tickets counts every ticket of the account, for all passengers: those it
	// bought and those that changes issued, changed and refunded ones included
	// (rule B5). It never falls, whatever is edited.
	Tickets int
	// OwnTickets are those of them that are for the holder.
	OwnTickets int
}

// Passenger is somebody on an account's list, or the holder (Account.Self).
type Passenger struct {
	Person Person
	Status Status
	// AddedAt is when the passenger came onto the list; an edit does not change it.
	AddedAt time.Time
	// Tickets counts this account's tickets for the passenger, as Account.Tickets
	// does. It never falls, whatever is edited.
	Tickets int
}

// Self is the account's holder as a passenger.
func (a Account) Self() Passenger {
	return Passenger{Person: a.Person, Status: a.Status, Tickets: a.OwnTickets}
}

// Standing is the status with its document.
func (a Account) Standing() Standing { return Standing{a.Person.Document, a.Status} }

// Standing is the status with its document.
func (p Passenger) Standing() Standing { return Standing{p.Person.Document, p.Status} }
