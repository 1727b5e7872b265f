namespace SparseService.Api.Security;

/// <summary>What the rest of the service knows of the key that made a request.</summary>
internal static class Caller
{
    public const string KeyIdClaim = "key";

    public static ClaimsPrincipal From(ApiKey key)
    {
        var claims = new List<Claim> { new(KeyIdClaim, key.Id.ToString()), new(ClaimTypes.Name, key.Name) };
        // A role includes the lower ones.
        claims.AddRange(
            Enum.GetValues<ApiRole>().Where(role => role <= key.Role).Select(role => new Claim(ClaimTypes.Role, role.ToString())));
        return new ClaimsPrincipal(new ClaimsIdentity(claims, ApiKeyAuthentication.SchemeName));
    }

    public static Guid KeyId(this ClaimsPrincipal user) => Guid.Parse(user.FindFirstValue(KeyIdClaim)!);

    /// <summary>Whether the caller may steer what this owner made.</summary>
    public static bool MaySteer(this ClaimsPrincipal user, Guid ownerId) => user.KeyId() == ownerId || user.IsInRole(nameof(ApiRole.Admin));
}
