"""How many queries an answer took, said in a header of it."""

from typing import Any

from django.db import connection

HEADER = "Bench-Queries"


class QueriesOfAnswer:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        asked = 0

        def count(execute: Any, *args: Any) -> Any:
            nonlocal asked
            asked += 1
            return execute(*args)

        with connection.execute_wrapper(count):
            answer = self.get_response(request)
        answer[HEADER] = str(asked)
        return answer
