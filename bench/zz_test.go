package main

import (
	"math/rand/v2"
	"net/http"
	"testing"

	"commitment/internal/pgtest"
)

var zzWorks = []work{
	{name: "invalidpost", status: 422, method: http.MethodPost, path: func(*rand.Rand) string { return "/v1/accounts" }, body: func(*rand.Rand) string { return `{"name":"","currency":"EURO"}` }},
	{name: "invalidget", status: 422, method: http.MethodGet, path: func(*rand.Rand) string { return "/v1/accounts?limit=0" }},
	{name: "nothing", status: 404, method: http.MethodGet, path: func(*rand.Rand) string { return "/v2/nothing" }},
}

func BenchmarkZ(b *testing.B) {
	url := pgtest.OwnerURL(b)
	prepareAccounts(b, url)
	for _, p := range resources.peers[:2] {
		h, err := p.open(url, 15)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(p.name, func(b *testing.B) {
			for i := range resources.works {
				b.Run(resources.works[i].name, func(b *testing.B) { benchmark(b, h, &resources.works[i]) })
			}
			if p.name != generated { return }
			for i := range zzWorks {
				b.Run(zzWorks[i].name, func(b *testing.B) { benchmark(b, h, &zzWorks[i]) })
			}
		})
	}
}
