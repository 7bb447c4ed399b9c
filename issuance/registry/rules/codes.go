package rules

import "github.com/railgate/railgate/issuance/problem"

// What the rules of the registry refuse for. Words has what the passenger reads.
const (
	// What was entered.
	DocumentUnknown     problem.Code = "document_type_unknown"
	FirstGenerationCard problem.Code = "first_generation_card"
	PersonInvalid       problem.Code = "person_invalid"
	ConsentMissing      problem.Code = "consent_missing"

	// Statuses and who changes them.
	MoveRefused        problem.Code = "status_change_refused"
	IdentityFixed      problem.Code = "identity_fixed"
	StationWindowOnly  problem.Code = "station_window_only"
	ProofWrong         problem.Code = "contact_proof_wrong"
	OriginalMissing    problem.Code = "original_missing"
	DocumentExpired    problem.Code = "document_expired"
	DocumentUnreadable problem.Code = "document_unreadable"
	IdentityRegistered problem.Code = "identity_registered"
	InPersonOnly       problem.Code = "in_person_only"
	OtherPerson        problem.Code = "other_person"

	HolderOriginalMissing problem.Code = "holder_original_missing"

	// The list of passengers.
	AccountStatus      problem.Code = "account_status_insufficient"
	AccountUnverified  problem.Code = "account_not_verified"
	OtherDocumentsOnly problem.Code = "other_documents_only"
	PassengerStatus    problem.Code = "passenger_status_insufficient"
	AlreadyListed      problem.Code = "passenger_already_listed"
	ListFull           problem.Code = "passenger_list_full"
	UncountedFull      problem.Code = "uncounted_passengers_full"
	ListMaximum        problem.Code = "passenger_list_maximum"
	ToBeSubmittedFull  problem.Code = "to_be_submitted_full"
	PassengerKept      problem.Code = "passenger_kept"
	TicketBought       problem.Code = "passenger_ticket_bought"

	// Tickets and services.
	TicketsInvalid       problem.Code = "tickets_invalid"
	AccountTicketLimit   problem.Code = "account_ticket_limit"
	PassengerTicketLimit problem.Code = "passenger_ticket_limit"
	NotItsTicket         problem.Code = "ticket_not_bought_here"
	ServiceNotHere       problem.Code = "service_not_here"
	RefundOnly           problem.Code = "refund_only"
	CounterOnly          problem.Code = "counter_only"
	CardMismatch         problem.Code = "card_mismatch"
	OrderWrong           problem.Code = "order_number_wrong"
	ChildAlone           problem.Code = "child_without_adult"
)

// Codes lists the closed list.
func Codes() []problem.Code {
	return []problem.Code{
		DocumentUnknown, FirstGenerationCard, PersonInvalid, ConsentMissing,
		MoveRefused, IdentityFixed, StationWindowOnly, ProofWrong, OriginalMissing, DocumentExpired, DocumentUnreadable, IdentityRegistered, InPersonOnly, OtherPerson, HolderOriginalMissing,
		AccountStatus, AccountUnverified, OtherDocumentsOnly, PassengerStatus, AlreadyListed, ListFull, UncountedFull, ListMaximum, ToBeSubmittedFull, PassengerKept, TicketBought,
		TicketsInvalid, AccountTicketLimit, PassengerTicketLimit, NotItsTicket, ServiceNotHere, RefundOnly, CounterOnly, CardMismatch, OrderWrong, ChildAlone,
	}
}
