namespace SparseService.Api.Problems;

/// <summary>Answers that refuse, by status.</summary>
public static class Refused
{
    /// <summary>400: malformed or out of range.</summary>
    public static ProblemResult BadRequest(params IReadOnlyList<ApiFault> errors) =>
        Because(StatusCodes.Status400BadRequest, "The request is malformed or has values out of range.", errors);

    public static ProblemResult NotFound(string noun, Guid id) =>
        Because(StatusCodes.Status404NotFound, $"There is no {noun} {id}.", ApiFault.Of("id", id, $"the id of a {noun} that exists"));

    public static ProblemResult NotOwner(string noun, Guid id) =>
        Because(
            StatusCodes.Status403Forbidden,
            $"The {noun} belongs to another key.",
            ApiFault.Of("id", id, $"a {noun} that your key created, or a key of role admin"));

    /// <summary>409: the state of things forbids it.</summary>
    public static ProblemResult Conflict(string detail, params IReadOnlyList<ApiFault> errors) =>
        Because(StatusCodes.Status409Conflict, detail, errors);

    /// <summary>422: well-formed but impossible.</summary>
    public static ProblemResult Unprocessable(string detail, params IReadOnlyList<ApiFault> errors) =>
        Because(StatusCodes.Status422UnprocessableEntity, detail, errors);

    public static ProblemResult Because(int status, string detail, params IReadOnlyList<ApiFault> errors) =>
        new(ApiProblem.Of(status, detail, errors));
}
