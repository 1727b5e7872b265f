using System.Text.Json;

namespace SparseService.Persistence;

/// <summary>Enums stand in the database as the same camelCase words as in JSON, so that SQL by hand stays readable and members may be reordered.</summary>
public static class EnumText
{
    public static string Of<TEnum>(TEnum value)
        where TEnum : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    public static TEnum Parse<TEnum>(string text)
        where TEnum : struct, Enum => Enum.Parse<TEnum>(text, ignoreCase: true);
}
