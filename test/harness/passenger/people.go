package passenger

import (
	"fmt"
	"time"
)

// Person is an invented person with a document.
type Person struct {
	Name           string
	DocumentType   string
	DocumentNumber string
	Nationality    string // empty for a resident ID card
}

// Region is the first six digits of a resident ID number. Each user of this package has its own
// region: none uses up the quota of another's people.
type Region string

// Regions of invented people.
const (
	Tests     Region = "110105"
	LoadTest  Region = "110107"
	Benchmark Region = "110108"
)

const (
	birthdays = 3652 // days of ten years
	orders    = 1000 // numbers of each day
	// People is the number of different residents in a region.
	People = birthdays * orders
	// stride has no common factor with People. Consecutive residents are far apart in the database,
	// and no resident occurs twice.
	stride = 1_618_033
)

var names = [...]string{"测试甲", "测试乙", "测试丙", "测试丁", "测试戊"}

// Resident returns the n-th person of a region with a resident ID card; n is 0 to People-1.
// Different n give different people. The issuer accepts the form of the number. The date of birth
// is in 1900 to 1909, so the number belongs to no living person.
func Resident(r Region, n int) Person {
	which := n * stride % People
	born := time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, which/orders)
	return Person{Name: names[n%len(names)], DocumentType: "resident_id",
		DocumentNumber: IDNumber(fmt.Sprintf("%s%s%03d", r, born.Format("20060102"), which%orders))}
}

// Identity returns the fields of a form that identify the person.
func (p Person) Identity() map[string]any {
	o := map[string]any{"name": p.Name, "document_type": p.DocumentType, "document_number": p.DocumentNumber}
	if p.Nationality != "" {
		o["nationality"] = p.Nationality
	}
	return o
}

// Application returns the form of an application from Beijing South station.
func (p Person) Application(policy string) map[string]any {
	return map[string]any{"name": p.Name, "document_type": p.DocumentType, "document_number": p.DocumentNumber,
		"policy": policy, "city": "北京", "location": map[string]float64{"latitude": 39.8651, "longitude": 116.3785}}
}
