package middleware

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/go-chi/chi/v5/middleware"

	"commitment/internal/fault"
	"commitment/internal/problem"
)

// Recover responds to a panic with a 500 problem, and logs it with its stack. Once the
// response has begun nothing truthful can be added to it, so the connection is aborted,
// which no client mistakes for a complete response. [http.ErrAbortHandler] is passed
// on. It must come after AccessLog, and before anything that ends a transaction: a
// panic rolls back.
func Recover(pw *problem.Writer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			response, ok := w.(middleware.WrapResponseWriter) // of a middleware outside
			if !ok {
				response = middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			}
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it by identity, too
					panic(v)
				}
				err := fault.New(fault.Internal, "", "panic").With(fmt.Errorf("%v\n\n%s", v, debug.Stack()))
				if response.Status() != 0 {
					_ = pw.Report(r.Context(), err)
					panic(http.ErrAbortHandler)
				}
				pw.Write(response, r, err)
			}()
			next.ServeHTTP(response, r)
		})
	}
}
